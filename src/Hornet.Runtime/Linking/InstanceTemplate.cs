using System.Runtime.InteropServices;
using Hornet.Wasm;

namespace Hornet.Runtime;

/// <summary>
/// What instances are made after: a module as it is, or a snapshot of one of its instances. Keeps warm what its instances leave, so that
/// the next one finds its memory restored, its tables empty and its functions in place. May be used from any thread.
/// </summary>
internal sealed unsafe class InstanceTemplate
{
    readonly Stripe[] _stripes;
    readonly Lock _lock = new();
    InstanceImages? _images, _tables;
    bool _registered;
    volatile bool _closed;

    // The warm parts that one processor's threads leave and find: they meet nobody at its lock.
    sealed class Stripe
    {
        public readonly Lock Lock = new();
        public readonly Stack<InstanceSlot> Slots = new();
    }

    public InstanceTemplate(Module module, CapturedState? captured = null)
    {
        Module = module;
        Captured = captured;
        HoldsReferences = Instantiation.HoldsReferences(module.Environment);
        PassiveDatas = [.. Enumerable.Range(0, module.Environment.Datas.Count).Where(i => module.Environment.Datas[i].Mode == SegmentMode.Passive)];
        PassiveFunctions = new uint[]?[module.Environment.Elems.Count];
        for (int i = 0; i < PassiveFunctions.Length; i++)
        {
            ElemSegment segment = module.Environment.Elems[i];
            if (segment.Mode == SegmentMode.Passive && !FrameLayout.IsGcRef(segment.Type, module.Environment) && InstanceImages.TryItems(module, segment, out uint[] items)) PassiveFunctions[i] = items;
        }
        _images = captured?.Images;
        _stripes = new Stripe[(int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(Environment.ProcessorCount, 1, 64))];
        for (int i = 0; i < _stripes.Length; i++) _stripes[i] = new();
    }

    public Module Module { get; }

    /// <summary>Whoever closes this when it is found forgotten; it is not, as long as somebody makes instances.</summary>
    public object? Owner { get; init; }

    /// <summary>What a snapshot has captured, where this is one.</summary>
    public CapturedState? Captured { get; }

    /// <summary>Whether globals or segments hold references that the collector must see.</summary>
    public bool HoldsReferences { get; }

    /// <summary>Data segments that instances can copy later.</summary>
    public int[] PassiveDatas { get; }

    /// <summary>By element segments: which functions one that instances can copy later has, as in <see cref="InstanceImages.Tables"/>; null where its items are something else.</summary>
    public uint[]?[] PassiveFunctions { get; }

    InstanceAllocator Allocator => Module.Engine.Allocator;

    /// <summary>The parts of an instance: warm ones where there are any. <see cref="Return"/> takes them back.</summary>
    public InstanceSlot Rent()
    {
        int first = Thread.GetCurrentProcessorId();
        for (int i = 0; i < _stripes.Length; i++)
        {
            Stripe stripe = _stripes[(first + i) & (_stripes.Length - 1)];
            // Read without the lock: somebody else's slot that is missed is only a slot made too many.
            if (stripe.Slots.Count == 0) continue;
            lock (stripe.Lock)
            {
                if (!stripe.Slots.TryPop(out InstanceSlot? warm)) continue;
                Allocator.Unkeep();
                return warm;
            }
        }
        Allocator.TakeInstance(Module);
        try
        {
            return new(this, Images());
        }
        catch
        {
            Allocator.ReturnInstance();
            throw;
        }
    }

    // The first instance copies its data segments: many programs make only one.
    InstanceImages Images()
    {
        if (_images is { } known) return known;
        lock (_lock)
        {
            if (_tables is null) return _tables = InstanceImages.OfTables(Module);
            return _images ??= _tables.WithMemories(Module);
        }
    }

    /// <summary>An instance has gone; its parts are kept or given back.</summary>
    public void Return(InstanceSlot slot)
    {
        // What was made without images would copy its segments again each time.
        bool keep = !_closed && slot.Images == _images;
        if (keep && !Allocator.TryKeep())
        {
            // All are kept by other templates, perhaps long unused.
            keep = Allocator.Idle >= Allocator.MostIdle && IsEmpty() && Allocator.TryEvict(this) && Allocator.TryKeep();
        }
        if (!keep)
        {
            Destroy(slot);
            return;
        }
        if (!_registered) Register();
        slot.Recycle();
        Stripe stripe = _stripes[Thread.GetCurrentProcessorId() & (_stripes.Length - 1)];
        lock (stripe.Lock)
        {
            if (!_closed)
            {
                stripe.Slots.Push(slot);
                slot = null!;
            }
        }
        if (slot is null)
        {
            Allocator.Wake();
            return;
        }
        Allocator.Unkeep();
        Destroy(slot);
    }

    bool IsEmpty()
    {
        foreach (Stripe stripe in _stripes)
            if (stripe.Slots.Count > 0) return false;
        return true;
    }

    void Register()
    {
        Allocator.Register(this);
        _registered = true;
    }

    /// <summary>Gives the parts of one instance back; nothing may use them.</summary>
    public void Destroy(InstanceSlot slot)
    {
        slot.Release();
        Allocator.ReturnInstance();
    }

    /// <summary>Gives up what is warm for one instance, if there is something.</summary>
    public bool TryEvict()
    {
        foreach (Stripe stripe in _stripes)
        {
            InstanceSlot? slot;
            lock (stripe.Lock)
            {
                if (!stripe.Slots.TryPop(out slot)) continue;
                Allocator.Unkeep();
            }
            Destroy(slot);
            return true;
        }
        return false;
    }

    /// <summary>No more instances are made: what is warm goes, and what comes back.</summary>
    public void Close()
    {
        _closed = true;
        while (TryEvict()) { }
    }
}

/// <summary>
/// All that one instance has in unmanaged memory, and nothing of its store's: context block, memories and tables. In its template's keeping
/// between two instances; function references are made when somebody asks for them, and stay true for the next instance at the same place.
/// </summary>
internal sealed unsafe class InstanceSlot
{
    readonly int _ownGlobals, _ownGlobalBytes;

    public InstanceSlot(InstanceTemplate template, InstanceImages images)
    {
        Template = template;
        Images = images;
        Module module = template.Module;
        VmContextLayout layout = module.Layout;
        Memories = new LinearMemory?[images.Memories.Length];
        Tables = new TableStorage?[images.Tables.Length];
        _ownGlobals = layout.OwnGlobals;
        _ownGlobalBytes = (module.Environment.Globals.Count - module.Environment.ImportedGlobals) * sizeof(VmGlobal);
        byte* at = template.Module.Engine.Allocator.RentBlock(layout.Size);
        Context = (VmContext*)at;
        Context->Functions = (VmFuncRef*)(at + layout.Functions);
        Context->Memories = (VmMemory**)(at + layout.Memories);
        Context->Tables = (VmTable**)(at + layout.Tables);
        Context->Globals = (VmGlobal**)(at + layout.Globals);
        Context->Tags = (VmTag**)(at + layout.Tags);
        Context->TypeIds = (uint*)(at + layout.TypeIds);
        Context->DataSegments = (VmDataSegment*)(at + layout.DataSegments);
        Context->ElemSegments = (VmElemSegment*)(at + layout.ElemSegments);
        Context->ImportedFunctions = (VmFuncRef**)(at + layout.ImportedFunctions);
        Context->FunctionCount = module.Environment.Functions.Count;
        module.TypeIds.CopyTo(new Span<uint>(Context->TypeIds, module.TypeIds.Length));
        module.Engine.Tier.Link(module.Code, Context);
    }

    public InstanceTemplate Template { get; }
    public InstanceImages Images { get; }
    public VmContext* Context { get; }

    /// <summary>Whose imports are filled in; null: those of one store.</summary>
    public InstancePre? Imported { get; set; }

    /// <summary>The memories that the module defines, where they have been made already.</summary>
    public LinearMemory?[] Memories { get; }

    /// <summary>The tables that the module defines, where they have been made already.</summary>
    public TableStorage?[] Tables { get; }

    /// <summary>Restores everything for the next instance; nothing of this one's remains.</summary>
    public void Recycle()
    {
        for (int i = 0; i < Memories.Length; i++)
            if (Memories[i] is { } memory && !memory.TryRecycle()) Memories[i] = null;
        for (int i = 0; i < Tables.Length; i++)
            if (Tables[i] is { } table && !table.TryRecycle()) Tables[i] = null;
        NativeMemory.Clear((byte*)Context + _ownGlobals, (nuint)_ownGlobalBytes);
        Context->Store = null;
    }

    public void Release()
    {
        foreach (LinearMemory? memory in Memories) memory?.Release();
        foreach (TableStorage? table in Tables) table?.Release();
        Template.Module.Engine.Allocator.ReturnBlock((byte*)Context, Template.Module.Layout.Size);
    }
}
