using System.Buffers.Binary;
using System.Text;
using Hornet.Base;
using Hornet.Text.Modules;
using Hornet.Wasm;

namespace Hornet.Text.Scripts;

/// <summary>Scripts (.wast) as lists of directives. Source: interpreter/README of the specification, "Scripts".</summary>
static class WastParser
{
    /// <summary>Parses a whole script; modules given as text are encoded, quoted ones are left as they are.</summary>
    /// <exception cref="TextException">The script, or a module in it that is not quoted, is malformed.</exception>
    public static IReadOnlyList<Directive> Parse(ReadOnlySpan<byte> utf8)
    {
        new Lexer(utf8).CheckEncoding();
        ScriptReader reader = new(utf8);
        return reader.Read();
    }
}

ref struct ScriptReader(ReadOnlySpan<byte> source)
{
    const int MaxThreadDepth = 16;

    readonly ReadOnlySpan<byte> _source = source;
    readonly NameTable _names = new();
    readonly ByteBuffer _scratch = new();
    TokenCursor c = new(source, 0);
    int _lineOffset, _line = 1, _depth;

    public List<Directive> Read()
    {
        List<Directive> directives = [];
        List<TextDiagnostic> errors = [];
        if (IsInlineModule())
        {
            byte[] module = new ModuleParser(_source, 0, WatOptions.Default).Standalone();
            return [At(DirectiveKind.Module, c.Current) with { Module = new(null, ScriptModuleForm.Text, module) }];
        }
        while (c.Current.Kind != TokenKind.End)
        {
            Token start = c.Current;
            try
            {
                directives.Add(Next());
            }
            catch (TextException e)
            {
                errors.AddRange(e.Diagnostics);
                if (errors.Count >= WatOptions.Default.MaxErrors || start.Kind != TokenKind.LeftParen) break;
                // Goes on after this directive, where its parentheses match.
                try
                {
                    c.Seek(start.Start);
                    c.SkipForm();
                }
                catch (TextException)
                {
                    break;
                }
            }
        }
        return errors.Count == 0 ? directives : throw new TextException(errors);
    }

    // A script may consist of a module's fields without (module ...) around them.
    readonly bool IsInlineModule()
    {
        foreach (string field in (ReadOnlySpan<string>)["func", "type", "rec", "import", "table", "memory", "global", "tag", "export", "start", "elem", "data"])
            if (c.IsForm(Encoding.ASCII.GetBytes(field))) return true;
        return false;
    }

    Directive At(DirectiveKind kind, Token token)
    {
        // Directives come in order, so lines are counted once.
        _line += token.Start < _lineOffset ? 0 : _source[_lineOffset..token.Start].Count((byte)'\n');
        _lineOffset = Math.Max(_lineOffset, token.Start);
        int column = token.Start - (_source[..token.Start].LastIndexOf((byte)'\n') + 1) + 1;
        return new(kind, token.Start, _line, column);
    }

    Directive Next()
    {
        Token start = c.Current;
        c.Open("a directive");
        if (c.Current.Kind != TokenKind.Keyword) c.Unexpected("a directive");
        string word = Encoding.ASCII.GetString(c.Text);
        switch (word)
        {
            case "module":
                return ModuleDirective(start);
            case "register":
                c.Advance();
                Directive register = At(DirectiveKind.Register, start) with { Text = String(), Name = OptionalName() };
                c.Close();
                return register;
            case "invoke" or "get":
                return At(DirectiveKind.Action, start) with { Action = ActionAfterParen() };
            case "thread" when _depth < MaxThreadDepth:
                return Thread(start);
            case "wait":
                c.Advance();
                Directive wait = At(DirectiveKind.Wait, start) with { Name = OptionalName() };
                c.Close();
                return wait;
        }
        DirectiveKind? kind = word switch
        {
            "assert_return" => DirectiveKind.AssertReturn,
            "assert_trap" => DirectiveKind.AssertTrap,
            "assert_exhaustion" => DirectiveKind.AssertExhaustion,
            "assert_exception" => DirectiveKind.AssertException,
            "assert_suspension" => DirectiveKind.AssertSuspension,
            "assert_invalid" => DirectiveKind.AssertInvalid,
            "assert_malformed" => DirectiveKind.AssertMalformed,
            "assert_unlinkable" => DirectiveKind.AssertUnlinkable,
            "assert_invalid_custom" => DirectiveKind.AssertInvalidCustom,
            "assert_malformed_custom" => DirectiveKind.AssertMalformedCustom,
            _ => null,
        };
        if (kind is null) c.Unexpected("a directive");
        c.Advance();
        Directive assertion = Assertion(At(kind.Value, start));
        c.Close();
        return assertion;
    }

    Directive Assertion(Directive head)
    {
        if (head.Kind is >= DirectiveKind.AssertInvalid and <= DirectiveKind.AssertMalformedCustom || c.IsForm("module"u8))
        {
            // assert_trap takes a module whose instantiation traps.
            c.Open("`(module`");
            bool quotable = head.Kind is DirectiveKind.AssertInvalidCustom;
            try
            {
                ScriptModule module = Module(out _, out _);
                return head with { Module = module, Text = String() };
            }
            catch (TextException e) when (quotable)
            {
                // The parser itself rejects misplaced hints, which the suite calls invalid.
                c.Seek(head.Offset);
                c.Advance();
                c.Advance();
                c.SkipForm();
                return head with { Module = new(null, ScriptModuleForm.Quote, ModuleText(head.Offset)), Text = String() + (e.Reason.Length == 0 ? " " : "") };
            }
        }
        c.Open("an action");
        ScriptAction action = ActionAfterParen();
        switch (head.Kind)
        {
            case DirectiveKind.AssertReturn:
                return head with { Action = action, Expected = Values(patterns: true) };
            case DirectiveKind.AssertException:
                return head with { Action = action };
            default:
                return head with { Action = action, Text = c.Current.Kind == TokenKind.String ? String() : "" };
        }
    }

    // The text of the module inside the assertion that begins here.
    readonly byte[] ModuleText(int assertion)
    {
        TokenCursor inner = new(_source, assertion);
        inner.Advance();
        inner.Advance();
        int from = inner.Current.Start;
        inner.SkipForm();
        return _source[from..inner.Current.Start].ToArray();
    }

    Directive ModuleDirective(Token start)
    {
        ScriptModule? module = Module(out bool definition, out (string? Instance, string? Definition)? instance);
        return instance is { } pair
            ? At(DirectiveKind.ModuleInstance, start) with { Name = pair.Instance, Definition = pair.Definition }
            : At(definition ? DirectiveKind.ModuleDefinition : DirectiveKind.Module, start) with { Module = module };
    }

    // After the parenthesis: module definition? $name? (binary strings | quote strings | fields), or module instance $i? $d?
    ScriptModule Module(out bool definition, out (string?, string?)? instance)
    {
        if (!c.IsKeyword("module"u8)) c.Unexpected("`module`");
        int afterKeyword = c.Following.Start;
        c.Advance();
        instance = null;
        definition = c.IsKeyword("definition"u8);
        if (definition)
        {
            afterKeyword = c.Following.Start;
            c.Advance();
        }
        else if (c.TryKeyword("instance"u8))
        {
            instance = (OptionalName(), OptionalName());
            c.Close();
            return new(null, ScriptModuleForm.Binary, []);
        }
        string? name = OptionalName();
        ScriptModuleForm form = c.TryKeyword("binary"u8) ? ScriptModuleForm.Binary : c.TryKeyword("quote"u8) ? ScriptModuleForm.Quote : ScriptModuleForm.Text;
        if (form == ScriptModuleForm.Text)
        {
            ModuleParser parser = new(_source, afterKeyword, WatOptions.Default);
            byte[] bytes = parser.AfterModuleKeyword(out _);
            c.Seek(parser.Position);
            return new(name, form, bytes);
        }
        ByteBuffer content = new();
        while (c.Current.Kind == TokenKind.String)
        {
            c.String(content);
            // The reference joins quoted lines with a blank between.
            if (form == ScriptModuleForm.Quote && c.Current.Kind == TokenKind.String) content.Byte((byte)' ');
        }
        c.Close();
        return new(name, form, content.ToArray());
    }

    Directive Thread(Token start)
    {
        c.Advance();
        Directive head = At(DirectiveKind.Thread, start);
        string? name = OptionalName();
        List<string> shared = [];
        if (c.TryForm("shared"u8))
        {
            while (c.TryForm("module"u8))
            {
                if (OptionalName() is { } module) shared.Add(module);
                c.Close();
            }
            c.Close();
        }
        List<Directive> body = [];
        _depth++;
        while (c.Current.Kind == TokenKind.LeftParen) body.Add(Next());
        _depth--;
        c.Close();
        return head with { Name = name, Shared = [.. shared], Body = [.. body] };
    }

    string? OptionalName() => c.IsId ? Encoding.UTF8.GetString(_names[c.Identifier(_names)]) : null;

    string String()
    {
        _scratch.Clear();
        c.Name(_scratch);
        return Encoding.UTF8.GetString(_scratch.Written);
    }

    ScriptAction ActionAfterParen()
    {
        bool get = c.TryKeyword("get"u8);
        if (!get && !c.TryKeyword("invoke"u8)) c.Unexpected("`invoke` or `get`");
        ScriptAction action = new(get, OptionalName(), String(), get ? [] : Values(patterns: false));
        c.Close();
        return action;
    }

    ScriptValue[] Values(bool patterns)
    {
        List<ScriptValue> values = [];
        while (c.Current.Kind == TokenKind.LeftParen) values.Add(Value(patterns));
        return [.. values];
    }

    ScriptValue Value(bool patterns)
    {
        if (patterns && c.TryForm("either"u8))
        {
            List<ScriptValue> choices = [];
            // Choices do not nest.
            while (c.Current.Kind == TokenKind.LeftParen && !c.IsForm("either"u8)) choices.Add(Value(patterns));
            c.Close();
            return new(ScriptValueKind.Either) { Choices = [.. choices] };
        }
        c.Open("a value");
        if (c.Current.Kind != TokenKind.Keyword) c.Unexpected("a value");
        string word = Encoding.ASCII.GetString(c.Text);
        if (!IsValue(word)) c.Unexpected("a value");
        c.Advance();
        ScriptValue value = word switch
        {
            "i32.const" => new(ScriptValueKind.I32) { Bits = (uint)c.Integer(32) },
            "i64.const" => new(ScriptValueKind.I64) { Bits = (ulong)c.Integer(64) },
            "f32.const" => patterns && c.TryNanPattern() is var p and not NanPattern.None ? new(ScriptValueKind.F32) { Patterns = [p] } : new(ScriptValueKind.F32) { Bits = c.F32() },
            "f64.const" => patterns && c.TryNanPattern() is var p and not NanPattern.None ? new(ScriptValueKind.F64) { Patterns = [p] } : new(ScriptValueKind.F64) { Bits = c.F64() },
            "v128.const" => Vector(patterns),
            "ref.null" => new(ScriptValueKind.RefNull) { Heap = Heap() },
            "ref.extern" => Host(ScriptValueKind.RefExtern),
            "ref.host" => Host(ScriptValueKind.RefHost),
            "ref.func" => new(ScriptValueKind.RefFunc),
            "ref.struct" => new(ScriptValueKind.RefStruct),
            "ref.array" => new(ScriptValueKind.RefArray),
            "ref.i31" => new(ScriptValueKind.RefI31),
            "ref.eq" => new(ScriptValueKind.RefEq),
            "ref.any" => new(ScriptValueKind.RefAny),
            _ => new(ScriptValueKind.RefExn),
        };
        if (value.Kind is ScriptValueKind.RefFunc && c.IsIndex) c.Advance();
        c.Close();
        return value;
    }

    static bool IsValue(string word) => word is "i32.const" or "i64.const" or "f32.const" or "f64.const" or "v128.const" or "ref.null" or "ref.extern" or "ref.host"
        or "ref.func" or "ref.struct" or "ref.array" or "ref.i31" or "ref.eq" or "ref.any" or "ref.exn";

    ScriptValue Vector(bool patterns)
    {
        Span<byte> bytes = stackalloc byte[16];
        Span<NanPattern> nans = stackalloc NanPattern[16];
        bytes.Clear();
        nans.Clear();
        LaneShape shape = c.Vector(bytes, patterns ? nans : []);
        return new(ScriptValueKind.V128)
        {
            Bits = BinaryPrimitives.ReadUInt64LittleEndian(bytes),
            BitsHigh = BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]),
            Shape = shape,
            Patterns = nans.ToArray() is var all && Array.Exists(all, n => n != NanPattern.None) ? all : [],
        };
    }

    ScriptValue Host(ScriptValueKind kind) =>
        c.Current.Kind == TokenKind.Number ? new(kind) { Bits = c.U32("a number"), HasNumber = true } : new(kind);

    HeapType? Heap()
    {
        if (c.Current.Kind != TokenKind.Keyword) return null;
        string word = Encoding.ASCII.GetString(c.Text);
        for (int code = -0x17; code <= -0x0C; code++)
            if (new HeapType(code).ToString() == word)
            {
                c.Advance();
                return new(code);
            }
        return null;
    }
}
