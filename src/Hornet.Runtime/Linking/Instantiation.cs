using Hornet.Wasm;

namespace Hornet.Runtime;

/// <summary>From a module to an instance: imports, definitions, segments, the start function. Source: spec, exec/modules, instantiation.</summary>
internal static unsafe class Instantiation
{
    public static VmContext* Run(Instance instance, ReadOnlySpan<Extern> imports)
    {
        (Store store, Module module) = (instance.Store, instance.Module);
        store.CheckAccess();
        if (module.Engine != store.Engine) throw new LinkException("the module belongs to another engine");
        ModuleEnvironment env = module.Environment;
        if (imports.Length != env.Imports.Count) throw new LinkException($"{env.Imports.Count} imports are needed, {imports.Length} are given");
        for (int i = 0; i < imports.Length; i++) ImportMatching.Check(store, module, env.Imports[i], imports[i]);
        store.CheckInstanceLimit();
        module.AddUser();
        store.Resources.Modules.Add(module);
        VmContext* context = NewContext(store, module);
        Import(context, env, imports);
        DefineFunctions(module, context);
        context->Instance = store.AddInstance(instance);
        if (HoldsReferences(env)) store.Heap.Track(context, env);
        store.Engine.Tier.Link(module.Code, context);
        DefineMemories(store, env, context);
        ConstExpressions expressions = new(module, context);
        DefineGlobals(module, context, ref expressions);
        DefineTables(store, module, context, ref expressions);
        DefineTags(store, module, context);
        ElemSegments(store, module, context, ref expressions);
        DataSegments(module, context, ref expressions);
        if (env.Start is { } start)
        {
            ValRaw none;
            GuestCalls.Invoke(store, Builtins.RefFunc(context, (uint)start), &none);
        }
        return context;
    }

    static bool HoldsReferences(ModuleEnvironment env)
    {
        foreach (GlobalType global in env.Globals)
            if (FrameLayout.IsGcRef(global.Type, env)) return true;
        foreach (ElemSegment segment in env.Elems)
            if (FrameLayout.IsGcRef(segment.Type, env)) return true;
        return false;
    }

    static VmContext* NewContext(Store store, Module module)
    {
        VmContextLayout layout = module.Layout;
        byte* at = store.Resources.Allocate(layout.Size);
        VmContext* context = (VmContext*)at;
        context->Store = store.Vm;
        context->Memory0 = store.Resources.NoMemory;
        context->Functions = (VmFuncRef*)(at + layout.Functions);
        context->Memories = (VmMemory**)(at + layout.Memories);
        context->Tables = (VmTable**)(at + layout.Tables);
        context->Globals = (VmGlobal**)(at + layout.Globals);
        context->Tags = (VmTag**)(at + layout.Tags);
        context->TypeIds = (uint*)(at + layout.TypeIds);
        context->DataSegments = (VmDataSegment*)(at + layout.DataSegments);
        context->ElemSegments = (VmElemSegment*)(at + layout.ElemSegments);
        context->ImportedFunctions = (VmFuncRef**)(at + layout.ImportedFunctions);
        context->FunctionCount = module.Environment.Functions.Count;
        module.TypeIds.CopyTo(new Span<uint>(context->TypeIds, module.TypeIds.Length));
        return context;
    }

    static void Import(VmContext* context, ModuleEnvironment env, ReadOnlySpan<Extern> imports)
    {
        for (int i = 0; i < imports.Length; i++)
        {
            int index = env.Imports[i].Index;
            switch (imports[i])
            {
                case Function function:
                    context->ImportedFunctions[index] = function.Reference;
                    context->Functions[index] = *function.Reference;
                    break;
                case Table table:
                    context->Tables[index] = table.Storage.Vm;
                    break;
                case Memory memory:
                    context->Memories[index] = memory.Storage.Vm;
                    break;
                case Global global:
                    context->Globals[index] = global.Vm;
                    break;
                case Tag tag:
                    context->Tags[index] = tag.Vm;
                    break;
            }
        }
        if (env.ImportedMemories > 0) context->Memory0 = context->Memories[0];
    }

    static void DefineFunctions(Module module, VmContext* context)
    {
        ModuleEnvironment env = module.Environment;
        ReadOnlySpan<uint> types = module.TypeIds;
        for (int i = env.ImportedFunctions; i < env.Functions.Count; i++)
        {
            VmFuncRef* function = &context->Functions[i];
            function->Context = context;
            function->NativeContext = context;
            function->TypeId = types[env.Functions[i]];
            function->Index = (uint)i;
        }
    }

    static void DefineMemories(Store store, ModuleEnvironment env, VmContext* context)
    {
        for (int i = env.ImportedMemories; i < env.Memories.Count; i++) context->Memories[i] = store.NewMemory(env.Memories[i]).Vm;
        if (env.Memories.Count > 0) context->Memory0 = context->Memories[0];
    }

    static void DefineGlobals(Module module, VmContext* context, ref ConstExpressions expressions)
    {
        ModuleEnvironment env = module.Environment;
        VmGlobal* cells = (VmGlobal*)((byte*)context + module.Layout.OwnGlobals);
        for (int i = 0; i < env.GlobalInits.Count; i++)
        {
            cells[i] = expressions.Evaluate(env.GlobalInits[i].Code);
            context->Globals[env.ImportedGlobals + i] = &cells[i];
        }
    }

    static void DefineTables(Store store, Module module, VmContext* context, ref ConstExpressions expressions)
    {
        ModuleEnvironment env = module.Environment;
        for (int i = 0; i < env.TableInits.Count; i++)
        {
            TableType type = env.Tables[env.ImportedTables + i];
            ulong initial = expressions.Evaluate(env.TableInits[i].Code).Low.U64;
            context->Tables[env.ImportedTables + i] = store.NewTable(type with { Element = module.Registered(type.Element) }, initial).Vm;
        }
    }

    static void DefineTags(Store store, Module module, VmContext* context)
    {
        ModuleEnvironment env = module.Environment;
        VmTag* cells = (VmTag*)((byte*)context + module.Layout.OwnTags);
        for (int i = env.ImportedTags; i < env.Tags.Count; i++)
        {
            VmTag* tag = context->Tags[i] = &cells[i - env.ImportedTags];
            tag->TypeId = module.TypeIds[env.Tags[i]];
        }
    }

    static void ElemSegments(Store store, Module module, VmContext* context, ref ConstExpressions expressions)
    {
        ModuleEnvironment env = module.Environment;
        // spec: all segments are evaluated before the first is copied; only passive ones must be kept.
        for (int i = 0; i < env.Elems.Count; i++)
        {
            ElemSegment segment = env.Elems[i];
            if (segment.Mode != SegmentMode.Passive || segment.Count == 0) continue;
            ulong* items = (ulong*)store.Resources.Allocate(segment.Count * sizeof(ulong));
            ElemItems reader = new(module, context, segment);
            for (int k = 0; k < segment.Count; k++) items[k] = reader.Next(ref expressions);
            context->ElemSegments[i].Items = items;
            context->ElemSegments[i].Length = (ulong)segment.Count;
        }
        foreach (ElemSegment segment in env.Elems)
        {
            if (segment.Mode != SegmentMode.Active) continue;
            VmTable* table = context->Tables[segment.Table];
            ulong offset = Offset(expressions.Evaluate(segment.Offset.Code), table->Is64);
            if (offset > table->Length || (ulong)segment.Count > table->Length - offset) throw new TrapException(TrapCode.TableOutOfBounds);
            ElemItems reader = new(module, context, segment);
            ulong* slots = table->Slots + offset;
            for (int k = 0; k < segment.Count; k++) slots[k] = reader.Next(ref expressions) << 1 | 1;
        }
    }

    static void DataSegments(Module module, VmContext* context, ref ConstExpressions expressions)
    {
        ModuleEnvironment env = module.Environment;
        // SAFETY: the array is pinned for its life, and the store holds the module.
        byte* bytes = (byte*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref System.Runtime.InteropServices.MemoryMarshal.GetArrayDataReference(module.Bytes));
        for (int i = 0; i < env.Datas.Count; i++)
        {
            DataSegment segment = env.Datas[i];
            if (segment.Mode != SegmentMode.Passive) continue;
            context->DataSegments[i].Bytes = bytes + segment.Bytes.Offset;
            context->DataSegments[i].Length = (ulong)segment.Bytes.Length;
        }
        foreach (DataSegment segment in env.Datas)
        {
            if (segment.Mode != SegmentMode.Active) continue;
            VmMemory* memory = context->Memories[segment.Memory];
            ulong offset = Offset(expressions.Evaluate(segment.Offset.Code), memory->Is64), length = Volatile.Read(ref memory->Length);
            if (offset > length || (ulong)segment.Bytes.Length > length - offset) throw new TrapException(TrapCode.MemoryOutOfBounds);
            Buffer.MemoryCopy(bytes + segment.Bytes.Offset, memory->Base + offset, length - offset, (ulong)segment.Bytes.Length);
        }
    }

    static ulong Offset(VmGlobal value, bool is64) => is64 ? value.Low.U64 : value.Low.U32;

    // The items of a segment one after the other, as payloads.
    ref struct ElemItems(Module module, VmContext* context, ElemSegment segment)
    {
        OperatorReader _reader = new(module.Bytes.AsSpan(segment.Items.Offset, segment.Items.Length), segment.Items.Offset);

        public ulong Next(ref ConstExpressions expressions) =>
            segment.ItemsAreExpressions ? expressions.Evaluate(ref _reader).Low.U64 : (ulong)Builtins.RefFunc(context, _reader.U32());
    }

    /// <summary>An item of an instance for its host.</summary>
    public static Extern Item(Instance instance, ExternKind kind, int index)
    {
        (Store store, Module module) = (instance.Store, instance.Module);
        VmContext* context = instance.Context;
        return kind switch
        {
            ExternKind.Func => new Function(store, Builtins.RefFunc(context, (uint)index)),
            ExternKind.Table => store.TableOf(context->Tables[index]).Table,
            ExternKind.Memory => new Memory(store, store.MemoryOf(context->Memories[index])),
            ExternKind.Global => new Global(store, context->Globals[index], module.Environment.Globals[index] with { Type = module.Registered(module.Environment.Globals[index].Type) }),
            _ => new Tag(store, context->Tags[index]),
        };
    }

    /// <summary>An empty item for an import that nobody has defined, or null where its type has no default value.</summary>
    public static Extern? Default(Store store, Module module, Wasm.Import import)
    {
        ModuleEnvironment env = module.Environment;
        switch (import.Kind)
        {
            case ExternKind.Memory:
                return new Memory(store, store.NewMemory(env.Memories[import.Index]));
            case ExternKind.Table:
                TableType table = env.Tables[import.Index];
                return table.Element.IsNullable ? store.NewTable(table with { Element = module.Registered(table.Element) }, 0).Table : null;
            case ExternKind.Global:
                GlobalType global = env.Globals[import.Index];
                return global.Type.IsDefaultable ? new Global(store, store.NewGlobal(), global with { Type = module.Registered(global.Type) }) : null;
            default:
                return null;
        }
    }
}
