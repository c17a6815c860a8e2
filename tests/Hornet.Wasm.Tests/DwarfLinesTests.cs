using System.Diagnostics;
using System.Text;
using Hornet.Base;

namespace Hornet.Wasm.Tests;

/// <summary>Lines of source from DWARF tables. What is expected is in the source: calls of mark(n) stand on lines that are searched for.</summary>
public sealed class DwarfLinesTests
{
    const string Source = """
        void mark(int);

        static inline int twice(int x)
        {
            mark(1);
            return x * 2;
        }

        int first(int x)
        {
            mark(2);
            for (int i = 0; i < x; i++)
            {
                if (i & 1) mark(3);
            }
            return twice(x);
        }



        #line 400 "elsewhere/other.h"
        int second(int x)
        {
            return x > 3 ? x : (mark(4), x);
        }

        int unused(int x)
        {
            mark(5);
            return x;
        }
        """;

    static readonly Dictionary<int, Lazy<byte[]>> Modules = new[] { 2, 3, 4, 5 }.ToDictionary(v => v, v => new Lazy<byte[]>(() => Build(v)));

    /// <summary>clang's module with line tables of a version, or empty where clang is missing.</summary>
    static byte[] Build(int version)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("hornet-dwarf-");
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "lines.c"), Source);
            string[] arguments = ["--target=wasm32-wasi", "-g", $"-gdwarf-{version}", "-O0", "-nostdlib", "-ffunction-sections", "-Wl,--no-entry,--allow-undefined,--export=first,--export=second", "lines.c", "-o", "lines.wasm"];
            using Process clang = Process.Start(new ProcessStartInfo("clang", arguments) { WorkingDirectory = folder.FullName, RedirectStandardError = true })!;
            string errors = clang.StandardError.ReadToEnd();
            clang.WaitForExit();
            return clang.ExitCode == 0 ? File.ReadAllBytes(Path.Combine(folder.FullName, "lines.wasm")) : throw new InvalidOperationException(errors);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return [];
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    static byte[] Module(int version)
    {
        byte[] module = Modules[version].Value;
        Assert.SkipWhen(module.Length == 0, "clang is not installed");
        return module;
    }

    /// <summary>Where the calls of mark are, by their argument: offset of the call in the module.</summary>
    static Dictionary<int, int> Marks(byte[] module)
    {
        Dictionary<int, int> marks = [];
        ModuleEnvironment environment = ModuleDecoder.Decode(module);
        foreach (var body in environment.Bodies)
        {
            FunctionBodyReader reader = new(new ModuleBytes(module.AsSpan(body.Bytes.Offset, body.Bytes.Length), body.Bytes.Offset));
            while (reader.TryReadLocals(out _, out _))
            {
            }
            OperatorReader operators = reader.Operators;
            Operator op = default;
            int constant = 0;
            while (!operators.AtEnd)
            {
                int at = operators.Offset;
                operators.Read(ref op);
                // The argument is the constant that was pushed last: at -O0 there may be a local between.
                if (op.Op == Op.I32Const) constant = module[at + 1];
                int operand = at + 1;
                // mark is the only import, and so function 0.
                if (op.Op == Op.Call && Leb.TryReadU32(module, ref operand, out uint callee) == LebStatus.Ok && callee == 0) marks[constant] = at;
            }
        }
        return marks;
    }

    static int LineOf(string marker) => Array.FindIndex(Source.Split('\n'), l => l.Contains(marker, StringComparison.Ordinal)) + 1;

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void CallsAreOnTheLinesThatTheyAreWrittenOn(int version)
    {
        byte[] module = Module(version);
        DwarfLines lines = new(module);
        Assert.True(lines.HasLines);
        Dictionary<int, int> marks = Marks(module);
        Assert.Equal([1, 2, 3, 4], marks.Keys.Order());
        for (int mark = 1; mark <= 3; mark++)
        {
            SourceLine found = Assert.NotNull(lines.Find(marks[mark]));
            Assert.EndsWith("lines.c", found.File, StringComparison.Ordinal);
            Assert.Equal(LineOf($"mark({mark})"), found.Line);
            Assert.Equal(Source.Split('\n')[found.Line - 1].IndexOf("mark", StringComparison.Ordinal) + 1, found.Column);
            Assert.Equal($"{found.File}:{found.Line}:{found.Column}", found.ToString());
        }
        SourceLine other = Assert.NotNull(lines.Find(marks[4]));
        Assert.EndsWith("elsewhere/other.h", other.File, StringComparison.Ordinal);
        // A #line names the line behind it.
        Assert.Equal(400 + LineOf("mark(4)") - LineOf("#line") - 1, other.Line);
        if (version == 5) Assert.True(Path.IsPathRooted(other.File), other.File);
    }

    [Fact]
    public void EverythingOutsideOfFunctionsWithLinesIsUnknown()
    {
        byte[] module = Module(4);
        DwarfLines lines = new(module);
        ModuleEnvironment environment = ModuleDecoder.Decode(module);
        int first = environment.Bodies.Min(b => b.Bytes.Offset), end = environment.Bodies.Max(b => b.Bytes.End);
        foreach (int offset in new[] { int.MinValue, -1, 0, 8, first - 3, end, module.Length, int.MaxValue }) Assert.Null(lines.Find(offset));
        for (int offset = first; offset < end; offset++)
            if (lines.Find(offset) is { } found) Assert.InRange(found.Line, 0, 420);
    }

    [Fact]
    public void ModulesWithoutTablesHaveNoLines()
    {
        foreach (byte[] module in new byte[][] { [], [0], "\0asm\u0001\0\0\0"u8.ToArray(), "\0asm\u000d\0\u0001\0"u8.ToArray(), new byte[100] })
        {
            DwarfLines lines = new(module);
            Assert.False(lines.HasLines);
            Assert.Null(lines.Find(10));
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public void DamagedTablesNeverThrow(int version)
    {
        byte[] module = Module(version);
        int from = module.AsSpan().IndexOf(".debug_line"u8);
        int[] offsets = [.. Marks(module).Values, .. ModuleDecoder.Decode(module).Bodies.Select(b => b.Bytes.Offset)];
        Random random = new(version);
        int known = 0, unknown = 0;
        for (int round = 0; round < 4000; round++)
        {
            byte[] damaged = (byte[])module.Clone();
            for (int flips = random.Next(1, 4); flips > 0; flips--) damaged[random.Next(from, Math.Min(module.Length, from + 400))] = random.Next(3) switch { 0 => 0xff, 1 => 0, _ => (byte)random.Next(256) };
            if (round % 4 == 0) damaged = damaged[..random.Next(damaged.Length)];
            DwarfLines lines = new(damaged);
            foreach (int offset in offsets)
                if (lines.Find(offset) is { } found)
                {
                    known++;
                    Assert.True(found.Line >= 0 && found.Column >= 0);
                    Assert.DoesNotContain(found.File, char.IsControl);
                }
                else unknown++;
        }
        // Both happen, or nothing was tested.
        Assert.True(known > 100 && unknown > 100, $"{known} {unknown}");
    }

    [Fact]
    public void AbsurdCountsTakeNoTimeAndNoMemory()
    {
        // Version 5: no formats and 2^63 directories, then 2^63 files of no fields; and a program that emits rows to its end.
        List<byte> unit = [5, 0, 4, 0];
        byte[] names = [0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
        byte[] header = [1, 1, 1, 0xfb, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1];
        unit.AddRange(BitConverter.GetBytes(header.Length + names.Length));
        unit.AddRange(header);
        unit.AddRange(names);
        unit.AddRange([0, 5, 2, 2, 0, 0, 0]);
        for (int i = 0; i < 1_000_000; i++) unit.Add(1);
        unit.AddRange([2, 4, 0, 1, 1]);
        byte[] module = Write(code: new byte[10], [.. BitConverter.GetBytes(unit.Count), .. unit]);
        int code = module.AsSpan().IndexOf((ReadOnlySpan<byte>)[(byte)SectionId.Code, 10]) + 2;
        // A collection that another thread asks for counts the rest of this thread's quantum as allocated: the least of a few tries is the truth.
        long least = long.MaxValue;
        for (int i = 0; i < 5; i++)
        {
            DwarfLines lines = new(module);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Assert.True(lines.HasLines);
            Assert.Null(lines.Find(code + 3));
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        Assert.InRange(least, 0, 2000);
    }

    [Fact]
    public void NamesCannotCommandATerminal()
    {
        byte[] header = [1, 1, 0xfb, 14, 10, 0, 1, 1, 1, 1, 0, 0, 0, 1];
        byte[] names = [0, .. "a\u001b[2J.c\0"u8, 0, 0, 0, 0];
        byte[] program = [0, 5, 2, 2, 0, 0, 0, 3, 6, 1, 2, 4, 0, 1, 1];
        byte[] unit = [2, 0, .. BitConverter.GetBytes(header.Length + names.Length), .. header, .. names, .. program];
        byte[] module = Write(code: new byte[10], [.. BitConverter.GetBytes(unit.Length), .. unit]);
        int code = module.AsSpan().IndexOf((ReadOnlySpan<byte>)[(byte)SectionId.Code, 10]) + 2;
        DwarfLines lines = new(module);
        Assert.Equal("a\ufffd[2J.c:7", lines.Find(code + 5).ToString());
        Assert.Null(lines.Find(code + 1));
        Assert.Null(lines.Find(code + 6));
    }

    static byte[] Write(byte[] code, byte[] lines)
    {
        List<byte> module = [.. "\0asm\u0001\0\0\0"u8, (byte)SectionId.Code, (byte)code.Length, .. code, (byte)SectionId.Custom];
        byte[] name = [11, .. Encoding.ASCII.GetBytes(".debug_line")];
        for (int size = name.Length + lines.Length; ; size >>= 7)
        {
            module.Add((byte)(size < 128 ? size : size | 128));
            if (size < 128) break;
        }
        return [.. module, .. name, .. lines];
    }
}
