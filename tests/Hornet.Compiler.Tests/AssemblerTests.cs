using System.Globalization;
using Hornet.Compiler.Machine;
using Hornet.Compiler.X64;
using Iced.Intel;
using Assembler = Hornet.Compiler.X64.Assembler;

namespace Hornet.Compiler.Tests;

/// <summary>Every row of the table, in every operand size and with all kinds of operands, must decode to what the row says.</summary>
public sealed class AssemblerTests
{
    private static readonly string[] ConditionNames =
        ["o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g"];

    private static readonly RegMem[] Memories =
    [
        RegMem.Memory(0, 0), RegMem.Memory(4, 8), RegMem.Memory(5, 0), RegMem.Memory(12, 0), RegMem.Memory(13, 0), RegMem.Memory(3, -129),
        RegMem.Memory(1, 127, 2, 3), RegMem.Memory(13, 0, 12, 1), RegMem.Memory(9, 0x12345, 15, 0), RegMem.Memory(-1, 64, 10, 2),
    ];

    public static TheoryData<int> Ops => new(Enumerable.Range(0, X64Table.Rows.Length));

    [Fact]
    public void TableIsInTheOrderOfTheEnum()
    {
        for (int i = 0; i < X64Table.Rows.Length; i++) Assert.Equal((X64Op)i, X64Table.Rows[i].Op);
        Assert.Equal(Enum.GetValues<X64Op>().Length, X64Table.Rows.Length);
    }

    [Theory]
    [MemberData(nameof(Ops))]
    public void RowEncodes(int index)
    {
        X64Row row = X64Table.Rows[index];
        foreach (bool avx in (bool[])[false, true])
        {
            if (!avx && row.Has(X64Flags.VexOnly)) continue;
            foreach (int size in Sizes(row))
            {
                if (row.Form is X64Form.O or X64Form.OI or X64Form.Z or X64Form.ZI16 or X64Form.Z3) Plain(row, size);
                else foreach (int reg in (int[])[0, 3, 5, 6, 12, 15]) Operands(row, size, reg, avx);
            }
        }
    }

    private static int[] Sizes(X64Row row) =>
        row.Has(X64Flags.Size) ? [1, 2, 4, 8]
        : row.Has(X64Flags.SizeNoByte) ? (row.Has(X64Flags.M16) ? [4, 8] : [2, 4, 8])
        : row.Has(X64Flags.SizeW) ? [4, 8] : [8];

    private static void Plain(X64Row row, int size)
    {
        foreach (int reg in (int[])[0, 3, 12, 15])
        {
            var buffer = new CodeBuffer();
            new Assembler(buffer).EmitPlain(row.Op, size, reg, 0x1234);
            Instruction found = Decode(buffer);
            Assert.Equal(row.Name, found.Mnemonic.ToString().ToLowerInvariant());
            if (row.Form is X64Form.O or X64Form.OI) Assert.Equal(reg, Number(found.Op0Register));
            if (row.Form is X64Form.OI or X64Form.ZI16) Assert.Equal(0x1234UL, found.GetImmediate(found.OpCount - 1));
        }
    }

    private static void Operands(X64Row row, int size, int reg, bool avx)
    {
        var operands = new List<RegMem>();
        if (!row.Has(X64Flags.MemOnly)) operands.AddRange(((int[])[0, 1, 4, 7, 9, 14]).Select(RegMem.Register));
        if (!row.Has(X64Flags.RegOnly)) operands.AddRange(Memories);
        foreach (RegMem rm in operands)
            foreach (long imm in (long[])(row.Form is X64Form.MI or X64Form.RMI ? size == 1 ? [5, -3] : size == 2 ? [5, 0x1234] : [5, -128, 0x12345] : [7]))
            {
                var buffer = new CodeBuffer();
                var assembler = new Assembler(buffer) { Features = avx ? CpuFeatures.Avx : CpuFeatures.Base };
                bool three = assembler.IsThreeOperand(row.Op);
                int vvvv = three ? 11 : -1;
                var cond = row.Has(X64Flags.HasCond) ? (Cond)(reg & 15) : 0;
                assembler.Emit(row.Op, size, reg, rm, imm, vvvv, cond);
                Check(row, Decode(buffer), size, reg, rm, imm, three, cond);
            }
    }

    private static void Check(X64Row row, Instruction found, int size, int reg, RegMem rm, long imm, bool three, Cond cond)
    {
        string what = string.Create(CultureInfo.InvariantCulture, $"{row.Op} size {size} reg {reg}: {found}");
        string name = row.Has(X64Flags.HasCond) ? row.Name + ConditionNames[(int)cond] : row.Name;
        if (three && row.Has(X64Flags.Vex)) name = "v" + name;
        string mnemonic = found.Mnemonic.ToString().ToLowerInvariant();
        Assert.True(mnemonic == name, what + " is not " + name);

        // The operands in the order in which Iced shows them.
        (int regAt, int rmAt, int vAt, int immAt) = row.Form switch
        {
            X64Form.RM => (0, 1, -1, -1),
            X64Form.MR => (1, 0, -1, -1),
            X64Form.MI or X64Form.MI8 => (-1, 0, -1, 1),
            X64Form.M => (-1, 0, -1, -1),
            X64Form.MC => (-1, 0, -1, -1),
            X64Form.RMI or X64Form.RMI8 => (0, 1, -1, 2),
            X64Form.MRI8 => (1, 0, -1, 2),
            X64Form.RVM => three ? (0, 2, 1, -1) : (0, 1, -1, -1),
            X64Form.RVMI8 => three ? (0, 2, 1, 3) : (0, 1, -1, 2),
            X64Form.RMV => (0, 1, 2, -1),
            X64Form.VMI8 => three ? (-1, 1, 0, 2) : (-1, 0, -1, 1),
            _ => throw new InvalidOperationException(row.Form.ToString()),
        };
        if (regAt >= 0) CheckRegister(found.GetOpRegister(regAt), reg, row.Has(X64Flags.RegX), row, size, what);
        if (vAt >= 0) Assert.True(Number(found.GetOpRegister(vAt)) == 11, what);
        if (immAt >= 0)
        {
            int bits = size == 1 || row.Form is not (X64Form.MI or X64Form.RMI) ? 8 : size == 2 ? 16 : 32;
            ulong mask = (1UL << bits) - 1;
            Assert.True((found.GetImmediate(immAt) & mask) == ((ulong)imm & mask), what);
        }
        if (!rm.IsMem)
        {
            CheckRegister(found.GetOpRegister(rmAt), rm.Reg, row.Has(X64Flags.RmX), row, row.Has(X64Flags.M8 | X64Flags.ByteReg) ? 1 : row.Has(X64Flags.M16) ? 0 : row.Has(X64Flags.M32) ? 4 : size, what);
            return;
        }
        Assert.True(found.GetOpKind(rmAt) == OpKind.Memory, what);
        Assert.True((rm.Base < 0 ? Register.None : Register.RAX + rm.Base) == found.MemoryBase, what);
        Assert.True((rm.Index < 0 ? Register.None : Register.RAX + rm.Index) == found.MemoryIndex, what);
        Assert.True(rm.Index < 0 || found.MemoryIndexScale == 1 << rm.Scale, what);
        Assert.True((int)found.MemoryDisplacement64 == rm.Disp, what);
        int bytes = row.Has(X64Flags.M8 | X64Flags.ByteReg) ? 1 : row.Has(X64Flags.M16) ? 2 : row.Has(X64Flags.M32) ? 4 : row.Has(X64Flags.M64) ? 8 : row.Has(X64Flags.RmX) ? 16 : size;
        if (row.Op != X64Op.Lea) Assert.True(found.MemorySize.GetSize() == bytes, $"{what}: {found.MemorySize} is not {bytes} bytes");
    }

    private static void CheckRegister(Register found, int number, bool vector, X64Row row, int size, string what)
    {
        Assert.True(Number(found) == number, what);
        Assert.True(found.IsXMM() == vector, what);
        if (!vector && row.Has(X64Flags.Size | X64Flags.SizeNoByte | X64Flags.SizeW) && size != 0 && !row.Has(X64Flags.RegX | X64Flags.RmX))
            Assert.True(found.GetSize() == size || row.Op is X64Op.Movsxd, what);
    }

    private static int Number(Register register) => register.GetNumber() is var n && register is Register.AH or Register.CH or Register.DH or Register.BH ? -1 : NumberOf(register, n);

    private static int NumberOf(Register register, int number) =>
        // Iced numbers ah..bh between bl and spl.
        register is >= Register.SPL and <= Register.R15L ? register - Register.SPL + 4 : number;

    private static Instruction Decode(CodeBuffer buffer)
    {
        buffer.Finish();
        byte[] bytes = buffer.FinalBytes.ToArray();
        var decoder = Decoder.Create(64, bytes);
        decoder.Decode(out Instruction instruction);
        Assert.True(!instruction.IsInvalid, Convert.ToHexString(bytes));
        Assert.True(instruction.Length == bytes.Length, $"{Convert.ToHexString(bytes)} decodes to {instruction} of {instruction.Length} bytes");
        return instruction;
    }

    [Fact]
    public void BranchesAreAsShortAsTheyCanBe()
    {
        var buffer = new CodeBuffer();
        var assembler = new Assembler(buffer);
        CodeLabel start = buffer.CreateLabel(), near = buffer.CreateLabel(), far = buffer.CreateLabel();
        buffer.Bind(start);
        assembler.JumpIf(Cond.E, near);    // short
        assembler.Jump(far);               // long: 200 bytes away
        for (int i = 0; i < 100; i++) assembler.EmitPlain(X64Op.Int3);
        buffer.Bind(near);
        for (int i = 0; i < 100; i++) assembler.EmitPlain(X64Op.Int3);
        buffer.Align(16);
        buffer.Bind(far);
        assembler.JumpIf(Cond.NE, start);  // long
        int end = buffer.Offset;
        buffer.Finish();
        Assert.Equal([0x74, 105], buffer.FinalBytes[..2].ToArray());
        Assert.Equal(0xE9, buffer.FinalBytes[2]);
        Assert.Equal(208, buffer.Final(far));
        Assert.Equal(208 - 7, BitConverter.ToInt32(buffer.FinalBytes[3..7]));
        Assert.Equal(-214, BitConverter.ToInt32(buffer.FinalBytes[210..214]));
        Assert.Equal(214, buffer.Final(end));
    }
}
