namespace Hornet.Wasm.Tests;

public sealed class ModuleDecoderTests
{
    sealed class WellFormed : IModuleSink
    {
        public void FunctionBody(ModuleEnvironment environment, int function, ModuleBytes body) =>
            FunctionBodyReader.CheckWellFormed(body, environment.DataCount is not null);
    }

    static string? Decode(byte[] bytes, Features features = Features.Default)
    {
        try
        {
            ModuleDecoder.Decode(bytes, features, new WellFormed());
            return null;
        }
        catch (WasmFormatException e)
        {
            Assert.InRange(e.Offset, 0, bytes.Length);
            return e.Kind + ": " + e.Reason;
        }
    }

    // The standard's interpreter reads on over the end of a section and tells what it finds there; a reader that streams stops at
    // the end. Permanent: what follows need not have arrived.
    static readonly string[] ToldBeyondTheEnd = ["integer representation too long", "integer too large", "END opcode expected", "section size mismatch", "length out of bounds"];

    static bool SameError(string message, string error) =>
        error.StartsWith("Malformed: " + message, StringComparison.Ordinal)
        || error.StartsWith("Malformed: unexpected end of section or function", StringComparison.Ordinal) && ToldBeyondTheEnd.Contains(message);

    [Fact]
    public void AgreesWithTheSuiteOnWhatIsMalformed()
    {
        List<string> wrong = [];
        List<SuiteBinary> all = SuiteBinaries.Read("spec", SearchOption.TopDirectoryOnly);
        foreach (SuiteBinary b in all)
        {
            string? error = Decode(b.Bytes, Features.Wasm3);
            bool right = b.Assertion == "assert_malformed" ? error is not null && SameError(b.Message, error) : error is null;
            if (!right) wrong.Add($"{b.File}:{b.Line} {b.Assertion} \"{b.Message}\" but {error ?? "accepted"}");
        }
        Assert.True(all.Count(b => b.Assertion == "assert_malformed") > 700, "the suite has more malformed binaries");
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    /// <summary>Everything a sink is told, as text; function bodies and segment bytes included, however they were cut.</summary>
    sealed class Transcript : IModuleSink
    {
        readonly System.Text.StringBuilder _text = new();

        public override string ToString() => _text.ToString();
        public void Section(ModuleEnvironment environment, SectionId id, ModuleBytes content) => Line($"{id} {content.Offset}", content);
        public void CodeStart(ModuleEnvironment environment, int bodies) => _text.Append($"code {bodies}\n");
        public void FunctionBody(ModuleEnvironment environment, int function, ModuleBytes body) => Line($"body {function} {body.Offset}", body);
        public void DataSegment(ModuleEnvironment environment, int segment, ModuleBytes head) => Line($"data {segment} {head.Offset} {environment.Datas[segment]}", head);
        public void DataBytes(ModuleEnvironment environment, int segment, ModuleBytes bytes) => _text.Append(Convert.ToHexString(bytes.Span));
        public bool WantsCustom(string name) => name != "skipped";
        public void CustomSection(ModuleEnvironment environment, string name, ModuleBytes content) => Line($"custom {name} {content.Offset}", content);
        public void End(ModuleEnvironment environment) => _text.Append("end\n");
        void Line(string what, ModuleBytes bytes) => _text.Append(what).Append(' ').Append(Convert.ToHexString(bytes.Span)).Append('\n');
    }

    [Fact]
    public void AnyChunkingGivesTheSameEvents()
    {
        Random random = new(1);
        foreach (SuiteBinary b in SuiteBinaries.Read("spec", SearchOption.TopDirectoryOnly).Where(b => b.Assertion != "assert_malformed"))
        {
            Transcript whole = new();
            ModuleDecoder.Decode(b.Bytes, Features.All, whole);
            for (int most = 1; most < 40; most += 13)
            {
                Transcript cut = new();
                ModuleDecoder decoder = new(Features.All, cut);
                for (int at = 0, n; at < b.Bytes.Length; at += n)
                {
                    n = Math.Min(random.Next(1, most + 1), b.Bytes.Length - at);
                    decoder.Feed(b.Bytes.AsSpan(at, n));
                }
                decoder.Finish();
                Assert.Equal(whole.ToString(), cut.ToString());
            }
        }
    }

    [Fact]
    public void SaysThatAComponentIsOne()
    {
        WasmFormatException e = Assert.Throws<WasmFormatException>(() => ModuleDecoder.Decode([0, 0x61, 0x73, 0x6D, 0x0D, 0, 1, 0]));
        Assert.Equal(FormatErrorKind.Unsupported, e.Kind);
        Assert.Contains("component", e.Message);
    }
}
