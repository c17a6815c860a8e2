using Hornet.Compiler.Machine;

namespace Hornet.Compiler.X64;

/// <summary>Encodes rows of <see cref="X64Table"/> into a <see cref="CodeBuffer"/>. Callers give numbers of registers of
/// the class that the row wants.</summary>
internal sealed class Assembler(CodeBuffer buffer)
{
    public CodeBuffer Buffer { get; } = buffer;

    public CpuFeatures Features { get; set; }

    private bool UseVex(in X64Row row) => row.Has(X64Flags.VexOnly) || (row.Has(X64Flags.Vex) && (Features & CpuFeatures.Avx) != 0);

    /// <summary>Whether a row takes a separate first source: it is VEX-encoded.</summary>
    public bool IsThreeOperand(X64Op op) => UseVex(op.Row());

    /// <summary>Encodes one instruction.</summary>
    /// <param name="op">The row.</param>
    /// <param name="size">Operand size in bytes, where the row leaves it open.</param>
    /// <param name="reg">The reg field (ignored where the row has a digit there).</param>
    /// <param name="rm">The r/m operand.</param>
    /// <param name="imm">The immediate, where the row has one.</param>
    /// <param name="vvvv">The first source (or the count of <c>shlx</c>) of a VEX form; -1: the same as <paramref name="reg"/>.</param>
    /// <param name="cond">The condition, for rows that have one.</param>
    /// <param name="locked">With a lock prefix.</param>
    public void Emit(X64Op op, int size, int reg, in RegMem rm, long imm = 0, int vvvv = -1, Cond cond = 0, bool locked = false)
    {
        ref readonly X64Row row = ref op.Row();
        int code = row.Code;
        if (row.Has(X64Flags.HasCond)) code += (int)cond;
        bool wide = row.Has(X64Flags.W1) || (size == 8 && row.Has(X64Flags.Size | X64Flags.SizeNoByte | X64Flags.SizeW));
        bool byteSized = size == 1 && row.Has(X64Flags.Size);
        if (byteSized) code--;
        int immBytes = ImmBytes(row.Form, size, imm);
        if (row.Form == X64Form.MI && immBytes == 1 && !byteSized && code == 0x81) code = 0x83;
        if (row.Form == X64Form.RMI && immBytes == 1) code = 0x6B;
        if (row.Form == X64Form.MI && code is 0xC7 or 0xF7) immBytes = size == 2 ? 2 : 4; // mov and test have no short form

        if (UseVex(row)) EmitVex(row, code, wide, reg, rm, vvvv);
        else EmitLegacy(row, code, wide, byteSized, size, reg, rm, locked);

        int field = row.Ext >= 0 ? row.Ext : reg & 7;
        ModRm(field, rm, immBytes);
        switch (immBytes)
        {
            case 1: Buffer.Byte((int)imm); break;
            case 2: Buffer.Int16((int)imm); break;
            case 4: Buffer.Int32((int)imm); break;
        }
    }

    public void Emit(X64Op op, int size, int reg, int rm, long imm = 0, int vvvv = -1, Cond cond = 0) =>
        Emit(op, size, reg, RegMem.Register(rm), imm, vvvv, cond);

    /// <summary>An instruction without r/m: <c>ret</c>, <c>cdq</c>, <c>push reg</c>, <c>bswap reg</c>, <c>mov reg, imm</c>.</summary>
    public void EmitPlain(X64Op op, int size = 0, int reg = 0, long imm = 0)
    {
        ref readonly X64Row row = ref op.Row();
        bool wide = row.Has(X64Flags.W1) || (size == 8 && row.Has(X64Flags.SizeW));
        bool inOpcode = row.Form is X64Form.O or X64Form.OI;
        int rex = (wide ? 8 : 0) | (inOpcode && reg >= 8 ? 1 : 0);
        if (rex != 0) Buffer.Byte(0x40 | rex);
        if (row.Map == 1) Buffer.Byte(0x0F);
        Buffer.Byte(row.Code + (inOpcode ? reg & 7 : 0));
        if (row.Form == X64Form.Z3) Buffer.Byte(row.Ext);
        if (row.Form == X64Form.ZI16) Buffer.Int16((int)imm);
        if (row.Form == X64Form.OI && wide) Buffer.Int64(imm);
        else if (row.Form == X64Form.OI) Buffer.Int32((int)imm);
    }

    /// <summary>Loads a constant in the shortest way that leaves the flags alone.</summary>
    public void MovImm(int reg, long imm)
    {
        if (imm == (uint)imm) EmitPlain(X64Op.MovRi, 4, reg, imm);
        else if (imm == (int)imm) Emit(X64Op.MovMi, 8, 0, reg, imm);
        else EmitPlain(X64Op.MovRi, 8, reg, imm);
    }

    public void Mov(int to, int from) => Emit(X64Op.MovRm, 8, to, from);

    public void Jump(CodeLabel target) => Buffer.Branch(0xEB, target);

    public void JumpIf(Cond cond, CodeLabel target) => Buffer.Branch((byte)(0x70 + (int)cond), target);

    /// <summary><c>call rel32</c> with the distance left to a relocation; returns where the four bytes lie.</summary>
    public int CallRelative()
    {
        Buffer.Byte(0xE8);
        Buffer.Int32(0);
        return Buffer.Offset - 4;
    }

    public int JumpRelative()
    {
        Buffer.Byte(0xE9);
        Buffer.Int32(0);
        return Buffer.Offset - 4;
    }

    private static int ImmBytes(X64Form form, int size, long imm) => form switch
    {
        X64Form.MI8 or X64Form.RMI8 or X64Form.MRI8 or X64Form.RVMI8 or X64Form.VMI8 => 1,
        X64Form.MI or X64Form.RMI => imm == (sbyte)imm || size == 1 ? 1 : size == 2 ? 2 : 4,
        _ => 0,
    };

    private void EmitLegacy(in X64Row row, int code, bool wide, bool byteSized, int size, int reg, in RegMem rm, bool locked)
    {
        if (locked) Buffer.Byte(0xF0);
        if (size == 2 && row.Has(X64Flags.Size | X64Flags.SizeNoByte)) Buffer.Byte(0x66);
        if (row.Prefix != 0) Buffer.Byte(row.Prefix);
        int rex = wide ? 8 : 0;
        if (row.Ext < 0 && reg >= 8) rex |= 4;
        if (rm.IsMem)
        {
            if (rm.Index >= 8) rex |= 2;
            if (rm.Base >= 8) rex |= 1;
        }
        else if (rm.Reg >= 8)
        {
            rex |= 1;
        }
        // spl, bpl, sil and dil exist only with a REX prefix; without it their numbers mean ah to bh.
        bool byteRm = (byteSized || row.Has(X64Flags.ByteReg | X64Flags.M8)) && !row.Has(X64Flags.RmX) && !rm.IsMem && rm.Reg is >= 4 and < 8;
        bool byteReg = byteSized && row.Ext < 0 && reg is >= 4 and < 8;
        if (rex != 0 || byteRm || byteReg) Buffer.Byte(0x40 | rex);
        if (row.Map > 0) Buffer.Byte(0x0F);
        if (row.Map == 2) Buffer.Byte(0x38);
        if (row.Map == 3) Buffer.Byte(0x3A);
        Buffer.Byte(code);
    }

    private void EmitVex(in X64Row row, int code, bool wide, int reg, in RegMem rm, int vvvv)
    {
        bool uses = row.Form is X64Form.RVM or X64Form.RVMI8 or X64Form.RMV or X64Form.VMI8;
        int source = uses ? (vvvv >= 0 ? vvvv : reg) : 0;
        int field = row.Ext >= 0 ? 0 : reg;
        bool r = field >= 8, x = rm.IsMem && rm.Index >= 8, b = (rm.IsMem ? rm.Base : rm.Reg) >= 8;
        int pp = row.Prefix switch
        {
            0x66 => 1,
            0xF3 => 2,
            0xF2 => 3,
            _ => 0,
        };
        int last = (~source & 15) << 3 | pp;
        if (!x && !b && !wide && row.Map == 1)
        {
            Buffer.Byte(0xC5);
            Buffer.Byte((r ? 0 : 0x80) | last);
        }
        else
        {
            Buffer.Byte(0xC4);
            Buffer.Byte((r ? 0 : 0x80) | (x ? 0 : 0x40) | (b ? 0 : 0x20) | row.Map);
            Buffer.Byte((wide ? 0x80 : 0) | last);
        }
        Buffer.Byte(code);
    }

    private void ModRm(int field, in RegMem rm, int immBytes)
    {
        if (!rm.IsMem)
        {
            Buffer.Byte(0xC0 | field << 3 | rm.Reg & 7);
            return;
        }
        if (rm.Label.Index >= 0)
        {
            Buffer.Byte(field << 3 | 5);
            Buffer.Distance(rm.Label, immBytes, rm.Disp);
            return;
        }
        bool sib = rm.Index >= 0 || rm.Base < 0 || (rm.Base & 7) == X64Regs.Rsp;
        int index = rm.Index >= 0 ? rm.Index & 7 : 4;
        if (rm.Base < 0)
        {
            Buffer.Byte(field << 3 | 4);
            Buffer.Byte(rm.Scale << 6 | index << 3 | 5);
            Buffer.Int32(rm.Disp);
            return;
        }
        // Base rbp and r13 without displacement would mean something else.
        int mod = rm.Disp == 0 && (rm.Base & 7) != X64Regs.Rbp ? 0 : rm.Disp == (sbyte)rm.Disp ? 1 : 2;
        Buffer.Byte(mod << 6 | field << 3 | (sib ? 4 : rm.Base & 7));
        if (sib) Buffer.Byte(rm.Scale << 6 | index << 3 | rm.Base & 7);
        if (mod == 1) Buffer.Byte(rm.Disp);
        if (mod == 2) Buffer.Int32(rm.Disp);
    }
}
