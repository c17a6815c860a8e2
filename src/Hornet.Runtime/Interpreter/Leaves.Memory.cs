using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

using Hornet.Wasm;

namespace Hornet.Runtime;

// Memories and tables: bulk operators, and accesses of whatever memory by whatever operator.
internal static unsafe partial class Leaves
{
    // Operands are 32 bits wide where the memory or table is indexed so; the upper half of their slots is undefined.
    static ulong Index(byte* ip, byte* fp, int field, bool is64) => is64 ? Long(ip, fp, field) : UInt(ip, fp, field);

    static byte* Next(byte* ip, byte* fp, Machine* m, int size, TrapCode trap) => trap == TrapCode.None ? ip + size : Raise(ip, fp, m, trap);

    public static byte* MemorySize(byte* ip, byte* fp, Machine* m)
    {
        Long(ip, fp, 16) = Builtins.MemorySize(m->Vm, (uint)Number(ip, 20));
        return ip + 24;
    }

    public static byte* MemoryGrow(byte* ip, byte* fp, Machine* m)
    {
        uint memory = (uint)Number(ip, 24);
        Expose(ip + 27, fp, m);
        ulong result;
        TrapCode trap = Builtins.MemoryGrow(m->Vm, memory, Index(ip, fp, 20, m->Vm->Memories[memory]->Is64), &result);
        if (trap == TrapCode.None) Long(ip, fp, 16) = result;
        return Next(ip, fp, m, 28, trap);
    }

    public static byte* MemoryCopy(byte* ip, byte* fp, Machine* m)
    {
        uint to = (uint)Number(ip, 28), from = (uint)Number(ip, 32);
        bool to64 = m->Vm->Memories[to]->Is64, from64 = m->Vm->Memories[from]->Is64;
        return Next(ip, fp, m, 36, Builtins.MemoryCopy(m->Vm, to, from, Index(ip, fp, 16, to64), Index(ip, fp, 20, from64), Index(ip, fp, 24, to64 && from64)));
    }

    public static byte* MemoryFill(byte* ip, byte* fp, Machine* m)
    {
        uint memory = (uint)Number(ip, 28);
        bool is64 = m->Vm->Memories[memory]->Is64;
        return Next(ip, fp, m, 36, Builtins.MemoryFill(m->Vm, memory, Index(ip, fp, 16, is64), UInt(ip, fp, 20), Index(ip, fp, 24, is64)));
    }

    public static byte* MemoryInit(byte* ip, byte* fp, Machine* m)
    {
        uint segment = (uint)Number(ip, 28), memory = (uint)Number(ip, 32);
        return Next(ip, fp, m, 36, Builtins.MemoryInit(m->Vm, memory, segment, Index(ip, fp, 16, m->Vm->Memories[memory]->Is64), UInt(ip, fp, 20), UInt(ip, fp, 24)));
    }

    public static byte* DataDrop(byte* ip, byte* fp, Machine* m)
    {
        Builtins.DataDrop(m->Vm, (uint)Number(ip, 16));
        return ip + 20;
    }

    public static byte* TableSize(byte* ip, byte* fp, Machine* m)
    {
        Long(ip, fp, 16) = Builtins.TableSize(m->Vm, (uint)Number(ip, 20));
        return ip + 24;
    }

    public static byte* TableGet(byte* ip, byte* fp, Machine* m)
    {
        uint table = (uint)Number(ip, 24);
        ulong payload;
        TrapCode trap = Builtins.TableGet(m->Vm, table, Index(ip, fp, 20, m->Vm->Tables[table]->Is64), &payload);
        if (trap == TrapCode.None) Long(ip, fp, 16) = payload;
        return Next(ip, fp, m, 28, trap);
    }

    public static byte* TableSet(byte* ip, byte* fp, Machine* m)
    {
        uint table = (uint)Number(ip, 24);
        return Next(ip, fp, m, 28, Builtins.TableSet(m->Vm, table, Index(ip, fp, 16, m->Vm->Tables[table]->Is64), Long(ip, fp, 20)));
    }

    public static byte* TableGrow(byte* ip, byte* fp, Machine* m)
    {
        uint table = (uint)Number(ip, 28);
        Expose(ip + 31, fp, m);
        ulong result;
        TrapCode trap = Builtins.TableGrow(m->Vm, table, Long(ip, fp, 20), Index(ip, fp, 24, m->Vm->Tables[table]->Is64), &result);
        if (trap == TrapCode.None) Long(ip, fp, 16) = result;
        return Next(ip, fp, m, 32, trap);
    }

    public static byte* TableFill(byte* ip, byte* fp, Machine* m)
    {
        uint table = (uint)Number(ip, 28);
        bool is64 = m->Vm->Tables[table]->Is64;
        return Next(ip, fp, m, 36, Builtins.TableFill(m->Vm, table, Index(ip, fp, 16, is64), Long(ip, fp, 20), Index(ip, fp, 24, is64)));
    }

    public static byte* TableCopy(byte* ip, byte* fp, Machine* m)
    {
        uint to = (uint)Number(ip, 28), from = (uint)Number(ip, 32);
        bool to64 = m->Vm->Tables[to]->Is64, from64 = m->Vm->Tables[from]->Is64;
        return Next(ip, fp, m, 36, Builtins.TableCopy(m->Vm, to, from, Index(ip, fp, 16, to64), Index(ip, fp, 20, from64), Index(ip, fp, 24, to64 && from64)));
    }

    // As in the text format, the binary's order put right: the segment first, then the table.
    public static byte* TableInit(byte* ip, byte* fp, Machine* m)
    {
        uint segment = (uint)Number(ip, 28), table = (uint)Number(ip, 32);
        return Next(ip, fp, m, 36, Builtins.TableInit(m->Vm, table, segment, Index(ip, fp, 16, m->Vm->Tables[table]->Is64), UInt(ip, fp, 20), UInt(ip, fp, 24)));
    }

    public static byte* ElemDrop(byte* ip, byte* fp, Machine* m)
    {
        Builtins.ElemDrop(m->Vm, (uint)Number(ip, 16));
        return ip + 20;
    }

    /// <summary>Where an access lies in memory, or null where it is out of bounds.</summary>
    static byte* Address(VmMemory* memory, ulong index, ulong offset, uint size)
    {
        ulong length = Volatile.Read(ref memory->Length), at = index + offset;
        return at < offset || at > length || length - at < size ? null : memory->Base + at;
    }

    static uint AccessBytes(Op op) => 1u << Opcodes.AccessSizeLog2(Opcodes.ShapeOf(op));

    /// <summary>Any load. Fields: result, address, vector of a lane load, memory, operator and lane, offset.</summary>
    public static byte* Load(byte* ip, byte* fp, Machine* m)
    {
        Op op = (Op)(ushort)Number(ip, 32);
        VmMemory* memory = m->Vm->Memories[Number(ip, 28)];
        byte* p = Address(memory, Index(ip, fp, 20, memory->Is64), *(ulong*)(ip + 36), AccessBytes(op));
        if (p == null) return Raise(ip, fp, m, TrapCode.MemoryOutOfBounds);
        ref ulong result = ref Long(ip, fp, 16);
        ref Vector128<byte> vector = ref Unsafe.As<ulong, Vector128<byte>>(ref result);
        int lane = Number(ip, 32) >> 16;
        switch (op)
        {
            case Op.I32Load or Op.F32Load or Op.I64Load32U: result = *(uint*)p; break;
            case Op.I64Load or Op.F64Load: result = *(ulong*)p; break;
            case Op.I32Load8S or Op.I64Load8S: result = (ulong)*(sbyte*)p; break;
            case Op.I32Load8U or Op.I64Load8U: result = *p; break;
            case Op.I32Load16S or Op.I64Load16S: result = (ulong)*(short*)p; break;
            case Op.I32Load16U or Op.I64Load16U: result = *(ushort*)p; break;
            case Op.I64Load32S: result = (ulong)*(int*)p; break;
            case Op.V128Load: vector = *(Vector128<byte>*)p; break;
            case Op.V128Load8x8S: vector = Vector128.WidenLower(Vector128.CreateScalar(*(long*)p).AsSByte()).AsByte(); break;
            case Op.V128Load8x8U: vector = Vector128.WidenLower(Vector128.CreateScalar(*(long*)p).AsByte()).AsByte(); break;
            case Op.V128Load16x4S: vector = Vector128.WidenLower(Vector128.CreateScalar(*(long*)p).AsInt16()).AsByte(); break;
            case Op.V128Load16x4U: vector = Vector128.WidenLower(Vector128.CreateScalar(*(long*)p).AsUInt16()).AsByte(); break;
            case Op.V128Load32x2S: vector = Vector128.WidenLower(Vector128.CreateScalar(*(long*)p).AsInt32()).AsByte(); break;
            case Op.V128Load32x2U: vector = Vector128.WidenLower(Vector128.CreateScalar(*(long*)p).AsUInt32()).AsByte(); break;
            case Op.V128Load8Splat: vector = Vector128.Create(*p); break;
            case Op.V128Load16Splat: vector = Vector128.Create(*(short*)p).AsByte(); break;
            case Op.V128Load32Splat: vector = Vector128.Create(*(int*)p).AsByte(); break;
            case Op.V128Load64Splat: vector = Vector128.Create(*(long*)p).AsByte(); break;
            case Op.V128Load32Zero: vector = Vector128.CreateScalar(*(int*)p).AsByte(); break;
            case Op.V128Load64Zero: vector = Vector128.CreateScalar(*(long*)p).AsByte(); break;
            case Op.V128Load8Lane: vector = Vector(ip, fp, 24).WithElement(lane, *p); break;
            case Op.V128Load16Lane: vector = Vector(ip, fp, 24).AsInt16().WithElement(lane, *(short*)p).AsByte(); break;
            case Op.V128Load32Lane: vector = Vector(ip, fp, 24).AsInt32().WithElement(lane, *(int*)p).AsByte(); break;
            case Op.V128Load64Lane: vector = Vector(ip, fp, 24).AsInt64().WithElement(lane, *(long*)p).AsByte(); break;
            default: throw new InvalidOperationException($"no load: {op}");
        }
        return ip + 44;
    }

    static Vector128<byte> Vector(byte* ip, byte* fp, int field) => *(Vector128<byte>*)(fp + *(int*)(ip + field));

    /// <summary>Any store. Fields as a load's; the value stands where a lane load has its vector.</summary>
    public static byte* Store(byte* ip, byte* fp, Machine* m)
    {
        Op op = (Op)(ushort)Number(ip, 32);
        VmMemory* memory = m->Vm->Memories[Number(ip, 28)];
        byte* p = Address(memory, Index(ip, fp, 20, memory->Is64), *(ulong*)(ip + 36), AccessBytes(op));
        if (p == null) return Raise(ip, fp, m, TrapCode.MemoryOutOfBounds);
        byte* value = fp + Number(ip, 24);
        int lane = Number(ip, 32) >> 16;
        switch (op)
        {
            case Op.I32Store8 or Op.I64Store8: *p = *value; break;
            case Op.I32Store16 or Op.I64Store16: *(short*)p = *(short*)value; break;
            case Op.I32Store or Op.F32Store or Op.I64Store32: *(int*)p = *(int*)value; break;
            case Op.I64Store or Op.F64Store: *(long*)p = *(long*)value; break;
            case Op.V128Store: *(Vector128<byte>*)p = *(Vector128<byte>*)value; break;
            case Op.V128Store8Lane: *p = value[lane]; break;
            case Op.V128Store16Lane: *(short*)p = ((short*)value)[lane]; break;
            case Op.V128Store32Lane: *(int*)p = ((int*)value)[lane]; break;
            case Op.V128Store64Lane: *(long*)p = ((long*)value)[lane]; break;
            default: throw new InvalidOperationException($"no store: {op}");
        }
        return ip + 44;
    }

    /// <summary>Any atomic access. Fields: result, three operands (address first), memory, operator, offset.</summary>
    public static byte* Atomic(byte* ip, byte* fp, Machine* m)
    {
        Op op = (Op)Number(ip, 36);
        VmContext* vm = m->Vm;
        int index = Number(ip, 32);
        VmMemory* memory = vm->Memories[index];
        ulong offset = *(ulong*)(ip + 40), address = Index(ip, fp, 20, memory->Is64);
        uint size = AccessBytes(op);
        byte* p = Address(memory, address, offset, size);
        if (((address + offset) & (size - 1)) != 0) return Raise(ip, fp, m, TrapCode.UnalignedAtomic);
        if (p == null) return Raise(ip, fp, m, TrapCode.MemoryOutOfBounds);
        uint woken = 0;
        switch (op)
        {
            case Op.MemoryAtomicNotify:
            {
                TrapCode trap = Builtins.AtomicNotify(vm, (uint)index, address + offset, UInt(ip, fp, 24), &woken);
                if (trap != TrapCode.None) return Raise(ip, fp, m, trap);
                Long(ip, fp, 16) = woken;
                return ip + 48;
            }
            case Op.MemoryAtomicWait32 or Op.MemoryAtomicWait64:
            {
                Expose(ip + 47, fp, m);
                long timeout = (long)Long(ip, fp, 28);
                TrapCode trap = op == Op.MemoryAtomicWait32
                    ? Builtins.AtomicWait32(vm, (uint)index, address + offset, UInt(ip, fp, 24), timeout, &woken)
                    : Builtins.AtomicWait64(vm, (uint)index, address + offset, Long(ip, fp, 24), timeout, &woken);
                if (trap != TrapCode.None) return Raise(ip, fp, m, trap);
                Long(ip, fp, 16) = woken;
                return ip + 48;
            }
            case >= Op.I32AtomicStore and <= Op.I64AtomicStore32:
                _ = Exchange(p, size, Long(ip, fp, 24));
                return ip + 48;
        }
        Long(ip, fp, 16) = op switch
        {
            >= Op.I32AtomicLoad and <= Op.I64AtomicLoad32U => AtomicLoad(p, size),
            >= Op.I32AtomicRmwXchg and <= Op.I64AtomicRmw32XchgU => Exchange(p, size, Long(ip, fp, 24)),
            >= Op.I32AtomicRmwCmpxchg => CompareExchange(p, size, Long(ip, fp, 24), Long(ip, fp, 28)),
            _ => Modify(p, size, op, Long(ip, fp, 24)),
        };
        return ip + 48;
    }

    static ulong AtomicLoad(byte* p, uint size)
    {
        // Sequentially consistent: nothing that follows may be seen before it. spec: threads, memory orders
        ulong value = size switch
        {
            1 => Volatile.Read(ref *p),
            2 => Volatile.Read(ref *(ushort*)p),
            4 => Volatile.Read(ref *(uint*)p),
            _ => Volatile.Read(ref *(ulong*)p),
        };
        Interlocked.MemoryBarrier();
        return value;
    }

    static ulong Exchange(byte* p, uint size, ulong value) => size switch
    {
        1 => Interlocked.Exchange(ref *p, (byte)value),
        2 => Interlocked.Exchange(ref *(ushort*)p, (ushort)value),
        4 => Interlocked.Exchange(ref *(uint*)p, (uint)value),
        _ => Interlocked.Exchange(ref *(ulong*)p, value),
    };

    // The expected value is cut to the access's width, as engines agree.
    static ulong CompareExchange(byte* p, uint size, ulong expected, ulong value) => size switch
    {
        1 => Interlocked.CompareExchange(ref *p, (byte)value, (byte)expected),
        2 => Interlocked.CompareExchange(ref *(ushort*)p, (ushort)value, (ushort)expected),
        4 => CompareExchange32((uint*)p, (uint)value, (uint)expected),
        _ => Interlocked.CompareExchange(ref *(ulong*)p, value, expected),
    };

    // Never inlined: .NET 10 takes eax to be zero-extended behind a cmpxchg, which leaves rax alone where the comparison succeeds,
    // so that the upper half of a wider expected value would come back.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static uint CompareExchange32(uint* p, uint value, uint expected) => Interlocked.CompareExchange(ref *p, value, expected);

    static ulong Modify(byte* p, uint size, Op op, ulong operand)
    {
        while (true)
        {
            ulong old = size switch { 1 => *p, 2 => *(ushort*)p, 4 => *(uint*)p, _ => *(ulong*)p };
            ulong value = op switch
            {
                <= Op.I64AtomicRmw32AddU => old + operand,
                <= Op.I64AtomicRmw32SubU => old - operand,
                <= Op.I64AtomicRmw32AndU => old & operand,
                <= Op.I64AtomicRmw32OrU => old | operand,
                _ => old ^ operand,
            };
            ulong found = size switch
            {
                1 => Interlocked.CompareExchange(ref *p, (byte)value, (byte)old),
                2 => Interlocked.CompareExchange(ref *(ushort*)p, (ushort)value, (ushort)old),
                4 => Interlocked.CompareExchange(ref *(uint*)p, (uint)value, (uint)old),
                _ => Interlocked.CompareExchange(ref *(ulong*)p, value, old),
            };
            if (found == old) return old;
        }
    }
}
