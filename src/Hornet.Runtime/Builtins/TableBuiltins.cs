namespace Hornet.Runtime;

// Table operators. A payload is a VmFuncRef pointer or a GcRef's bits.
internal static unsafe partial class Builtins
{
    /// <summary>The payload of a slot that is within bounds but not initialised yet.</summary>
    public static ulong TableInitialise(VmContext* context, VmTable* table, ulong index) => Store.Of(context->Store).TableOf(table).Get(index);

    public static TrapCode TableGet(VmContext* context, uint table, ulong index, ulong* payload)
    {
        VmTable* vm = context->Tables[table];
        if (index >= vm->Length) return TrapCode.TableOutOfBounds;
        ulong slot = vm->Slots[index];
        *payload = slot != 0 ? slot >> 1 : TableInitialise(context, vm, index);
        return TrapCode.None;
    }

    public static TrapCode TableSet(VmContext* context, uint table, ulong index, ulong payload)
    {
        VmTable* vm = context->Tables[table];
        if (index >= vm->Length) return TrapCode.TableOutOfBounds;
        vm->Slots[index] = payload << 1 | 1;
        return TrapCode.None;
    }

    public static ulong TableSize(VmContext* context, uint table) => context->Tables[table]->Length;

    /// <summary>table.grow. <paramref name="result"/> gets the elements before, or 2^64 - 1.</summary>
    public static TrapCode TableGrow(VmContext* context, uint table, ulong payload, ulong delta, ulong* result) =>
        Store.Of(context->Store).TableOf(context->Tables[table]).Grow(delta, payload, out *result);

    public static TrapCode TableFill(VmContext* context, uint table, ulong to, ulong payload, ulong count)
    {
        VmTable* vm = context->Tables[table];
        if (!Fits(to, count, vm->Length)) return TrapCode.TableOutOfBounds;
        new Span<ulong>(vm->Slots + to, (int)count).Fill(payload << 1 | 1);
        return TrapCode.None;
    }

    public static TrapCode TableCopy(VmContext* context, uint destination, uint source, ulong to, ulong from, ulong count)
    {
        VmTable* target = context->Tables[destination];
        VmTable* origin = context->Tables[source];
        if (!Fits(to, count, target->Length) || !Fits(from, count, origin->Length)) return TrapCode.TableOutOfBounds;
        // A slot that is not initialised means something else in another table, or at another place.
        TableStorage storage = Store.Of(context->Store).TableOf(origin);
        if (target != origin || storage.HasImage)
        {
            for (ulong i = 0; i < count; i++) storage.Get(from + i);
        }
        new Span<ulong>(origin->Slots + from, (int)count).CopyTo(new Span<ulong>(target->Slots + to, (int)count));
        return TrapCode.None;
    }

    public static TrapCode TableInit(VmContext* context, uint table, uint segment, ulong to, uint from, uint count)
    {
        VmTable* vm = context->Tables[table];
        VmElemSegment* elements = &context->ElemSegments[segment];
        if (!Fits(to, count, vm->Length) || !Fits(from, count, elements->Length)) return TrapCode.TableOutOfBounds;
        for (uint i = 0; i < count; i++) vm->Slots[to + i] = Element(context, segment, from + i) << 1 | 1;
        return TrapCode.None;
    }

    public static void ElemDrop(VmContext* context, uint segment) => context->ElemSegments[segment].Length = 0;
}
