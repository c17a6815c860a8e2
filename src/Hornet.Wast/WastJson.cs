using System.Globalization;
using System.Text;
using System.Text.Json;
using Hornet.Text;
using Hornet.Text.Scripts;

namespace Hornet.Wast;

/// <summary>Scripts as JSON beside files of modules: the form of WABT's wast2json, which many engines' test runners read.</summary>
public static class WastJson
{
    /// <summary>Converts a script.</summary>
    /// <param name="script">UTF-8.</param>
    /// <param name="sourceName">What the JSON names as its source; its stem begins the names of the files.</param>
    /// <param name="json">Where the JSON goes.</param>
    /// <param name="file">Takes each module: a file's name, and its content.</param>
    /// <exception cref="TextException">The script is malformed.</exception>
    public static void Write(ReadOnlySpan<byte> script, string sourceName, Stream json, Action<string, byte[]> file)
    {
        ArgumentNullException.ThrowIfNull(file);
        IReadOnlyList<Directive> directives = WastParser.Parse(script);
        using (Utf8JsonWriter writer = new(json, new JsonWriterOptions { Indented = true }))
            new ScriptJson(writer, Path.GetFileNameWithoutExtension(sourceName), file).Write(sourceName, directives);
        json.WriteByte((byte)'\n');
    }
}

sealed class ScriptJson(Utf8JsonWriter json, string stem, Action<string, byte[]> file)
{
    int _files;

    public void Write(string sourceName, IReadOnlyList<Directive> directives)
    {
        json.WriteStartObject();
        json.WriteString("source_filename", sourceName);
        json.WriteStartArray("commands");
        foreach (Directive directive in directives) Command(directive);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    void Command(Directive d)
    {
        json.WriteStartObject();
        json.WriteString("type", TypeOf(d));
        json.WriteNumber("line", d.Line);
        if (d.Name is { } name) json.WriteString(d.Kind == DirectiveKind.ModuleInstance ? "instance" : "name", name);
        if (d.Definition is { } definition) json.WriteString("module", definition);
        if (d.Module is { } module)
        {
            if (module.Name is { } moduleName) json.WriteString("name", moduleName);
            string fileName = $"{stem}.{_files++}.{(module.Form == ScriptModuleForm.Quote ? "wat" : "wasm")}";
            file(fileName, module.Bytes);
            json.WriteString("filename", fileName);
            json.WriteString("module_type", module.Form == ScriptModuleForm.Quote ? "text" : "binary");
        }
        if (d.Action is { } action) Action(action);
        if (d.Kind == DirectiveKind.Register) json.WriteString("as", d.Text);
        else if (d.Text.Length > 0 || d.Kind is DirectiveKind.AssertTrap) json.WriteString("text", d.Text);
        if (d.Kind is DirectiveKind.AssertReturn or DirectiveKind.Action) Values("expected", d.Expected);
        if (d.Body.Length > 0)
        {
            json.WriteStartArray("commands");
            foreach (Directive inner in d.Body) Command(inner);
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    static string TypeOf(Directive d) => d.Kind switch
    {
        DirectiveKind.AssertTrap when d.Module is not null => "assert_uninstantiable",
        _ => Snake(d.Kind.ToString()),
    };

    static string Snake(string pascal)
    {
        StringBuilder snake = new();
        foreach (char c in pascal)
        {
            if (char.IsUpper(c) && snake.Length > 0) snake.Append('_');
            snake.Append(char.ToLowerInvariant(c));
        }
        return snake.ToString();
    }

    void Action(ScriptAction action)
    {
        json.WriteStartObject("action");
        json.WriteString("type", action.IsGet ? "get" : "invoke");
        if (action.Module is { } module) json.WriteString("module", module);
        json.WriteString("field", action.Name);
        if (!action.IsGet) Values("args", action.Arguments);
        json.WriteEndObject();
    }

    void Values(string property, ScriptValue[] values)
    {
        json.WriteStartArray(property);
        foreach (ScriptValue value in values) Value(value);
        json.WriteEndArray();
    }

    void Value(ScriptValue value)
    {
        json.WriteStartObject();
        if (value.Kind == ScriptValueKind.Either)
        {
            json.WriteString("type", "either");
            Values("values", value.Choices);
        }
        else if (value.Kind == ScriptValueKind.V128) Vector(value);
        else
        {
            json.WriteString("type", value.Kind switch
            {
                ScriptValueKind.I32 => "i32", ScriptValueKind.I64 => "i64", ScriptValueKind.F32 => "f32", ScriptValueKind.F64 => "f64",
                ScriptValueKind.RefNull => value.Heap is { } heap ? Wasm.ValType.Ref(heap, true).ToString() : "refnull",
                ScriptValueKind.RefHost => "anyref",
                _ => $"{value.Kind}"[3..].ToLowerInvariant() + "ref",
            });
            if (value.Patterns is [var nan]) json.WriteString("value", Nan(nan));
            else if (value.Kind == ScriptValueKind.RefNull) json.WriteString("value", "null");
            else if (value.HasNumber || value.Kind <= ScriptValueKind.F64) json.WriteString("value", value.Bits.ToString(CultureInfo.InvariantCulture));
        }
        json.WriteEndObject();
    }

    void Vector(ScriptValue value)
    {
        json.WriteString("type", "v128");
        json.WriteString("lane_type", value.Shape.ToString()[..^(value.Shape == LaneShape.I8x16 ? 3 : 2)].ToLowerInvariant());
        json.WriteStartArray("value");
        int lanes = value.Shape switch { LaneShape.I8x16 => 16, LaneShape.I16x8 => 8, LaneShape.I32x4 or LaneShape.F32x4 => 4, _ => 2 };
        int width = 128 / lanes;
        UInt128 bits = new(value.BitsHigh, value.Bits);
        for (int i = 0; i < lanes; i++)
        {
            NanPattern nan = value.Patterns.Length > 0 ? value.Patterns[i] : NanPattern.None;
            ulong lane = (ulong)(bits >> (i * width)) & ulong.MaxValue >> (64 - width);
            json.WriteStringValue(nan == NanPattern.None ? lane.ToString(CultureInfo.InvariantCulture) : Nan(nan));
        }
        json.WriteEndArray();
    }

    static string Nan(NanPattern pattern) => pattern == NanPattern.Canonical ? "nan:canonical" : "nan:arithmetic";
}
