using System.Text;
using Hornet.Compiler.Analysis;
using Hornet.Compiler.Ir;
using Hornet.Compiler.Passes;
using Hornet.Compiler.X64;

namespace Hornet.Compiler.Tests;

/// <summary>Each file in tests/golden/compiler says in its first line what to do (<c>;; RUN: opt</c> prints the IR after the passes,
/// <c>;; RUN: compile</c> the machine code) and has the expectation beside it in <c>.expect</c>. With HORNET_BLESS=1 expectations are rewritten.
/// Words after the verb: <c>none</c> or <c>size</c> for the level, <c>sse4</c> for the oldest CPU, <c>pass=NAME</c> for one pass alone.
/// Functions that are called by the number of their place in the file (<c>fn0 = %2 sig0</c>) may be inlined.</summary>
public sealed class GoldenTests
{
    private static readonly string Folder = Path.Combine(Root(), "tests", "golden", "compiler");

    public static TheoryData<string> Files => [.. Directory.GetFiles(Folder, "*.ir").Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public void FileGivesWhatIsExpected(string file)
    {
        string text = File.ReadAllText(Path.Combine(Folder, file));
        string[] words = text[..text.IndexOf('\n')].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(words.Length > 2 && words[0] == ";;" && words[1] == "RUN:", "the first line must say what to run");
        string found = Produce(words[2], words[3..], text);
        string expectation = Path.Combine(Folder, Path.ChangeExtension(file, ".expect"));
        if (Environment.GetEnvironmentVariable("HORNET_BLESS") == "1") File.WriteAllText(expectation, found);
        Assert.True(File.Exists(expectation), "there is no expectation: bless it");
        Assert.Equal(File.ReadAllText(expectation), found);
    }

    [Fact]
    public void EachPassHasAFile()
    {
        string[] shown = [.. Directory.GetFiles(Folder, "*.ir").Select(path => File.ReadLines(path).First()).Where(line => line.Contains("pass=")).Select(line => line.Split("pass=")[1].Trim())];
        Assert.Empty(Pipeline.Names.Except(shown));
    }

    private static string Produce(string verb, string[] words, string text)
    {
        List<Function> functions = IrParser.ParseAll(text);
        var passes = new PassContext { Callees = new FileCallees(IrParser.ParseAll(text)), ForSize = words.Contains("size") };
        var context = new CompilerContext();
        CompilerSettings settings = new()
        {
            Verify = true,
            Features = words.Contains("sse4") ? CpuFeatures.Base : (CpuFeatures)255,
            OptLevel = words.Contains("none") ? OptLevel.None : words.Contains("size") ? OptLevel.SpeedAndSize : OptLevel.Speed,
        };
        var output = new StringBuilder();
        for (int i = 0; i < functions.Count; i++) functions[i].Symbol = i;
        foreach (Function function in functions)
        {
            Verifier.Check(function);
            if (verb == "compile")
            {
                output.Append($"{function.Name}:\n{NativeRunner.Disassemble(context.Compile(function, settings))}");
                continue;
            }
            Assert.Equal("opt", verb);
            string? only = words.FirstOrDefault(word => word.StartsWith("pass=", StringComparison.Ordinal))?[5..];
            Pipeline.Run(function, passes, settings.OptLevel != OptLevel.None, verify: true, only);
            output.Append(IrPrinter.Print(function));
        }
        return output.ToString();
    }

    /// <summary>The functions of a file, as they are there; %0 is the first. Whoever calls nobody of the file throws nothing.</summary>
    private sealed class FileCallees(List<Function> functions) : ICallees
    {
        public bool MayBeSmall(int symbol, int most) => symbol < functions.Count && Inlining.SizeOf(functions[symbol]) <= most;
        public Function? Build(int symbol, int most) => MayBeSmall(symbol, most) ? functions[symbol] : null;
        public bool MayThrow(int symbol) => symbol != 99;
    }

    private static string Root()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Hornet.slnx"))) folder = Path.GetDirectoryName(folder);
        return folder ?? throw new InvalidOperationException("the project's root is not above the test");
    }
}
