using Hornet.Wasm;

namespace Hornet.Text.Scripts;

/// <summary>What a script says. Source: interpreter/README of the specification, "Scripts".</summary>
enum DirectiveKind : byte
{
    Module, ModuleDefinition, ModuleInstance, Register, Action,
    AssertReturn, AssertTrap, AssertExhaustion, AssertException, AssertSuspension,
    AssertInvalid, AssertMalformed, AssertUnlinkable, AssertInvalidCustom, AssertMalformedCustom,
    Thread, Wait,
}

/// <summary>How a module is given in a script.</summary>
enum ScriptModuleForm : byte { Text, Binary, Quote }

/// <summary>A module in a script: <see cref="Bytes"/> is its binary form or, quoted, its text.</summary>
sealed record ScriptModule(string? Name, ScriptModuleForm Form, byte[] Bytes)
{
    /// <summary>The binary form; throws <see cref="TextException"/> where a quoted text is malformed.</summary>
    public byte[] Encode() => Form == ScriptModuleForm.Quote ? WatParser.Parse(Bytes) : Bytes;
}

/// <summary>(invoke $module? "name" arguments) or (get $module? "name")</summary>
sealed record ScriptAction(bool IsGet, string? Module, string Name, ScriptValue[] Arguments);

enum ScriptValueKind : byte { I32, I64, F32, F64, V128, RefNull, RefExtern, RefHost, RefFunc, RefStruct, RefArray, RefI31, RefEq, RefAny, RefExn, Either }

/// <summary>An argument, or the pattern that a result must match.</summary>
sealed record ScriptValue(ScriptValueKind Kind)
{
    /// <summary>The value's bits (of a vector, the low half), or the number of a host reference.</summary>
    public ulong Bits { get; init; }
    public ulong BitsHigh { get; init; }
    /// <summary>Whether a host reference names its number.</summary>
    public bool HasNumber { get; init; }
    /// <summary>Of ref.null, where it says one.</summary>
    public HeapType? Heap { get; init; }
    /// <summary>Of a vector.</summary>
    public LaneShape Shape { get; init; }
    /// <summary>For every lane, or for the one value of a float; empty where nothing is a pattern.</summary>
    public NanPattern[] Patterns { get; init; } = [];
    /// <summary>Of <see cref="ScriptValueKind.Either"/>.</summary>
    public ScriptValue[] Choices { get; init; } = [];
}

/// <summary>One directive; what it does not have is null or empty.</summary>
sealed record Directive(DirectiveKind Kind, int Offset, int Line, int Column)
{
    public ScriptModule? Module { get; init; }
    public ScriptAction? Action { get; init; }
    public ScriptValue[] Expected { get; init; } = [];
    /// <summary>What an assertion expects the error to say; the name to register.</summary>
    public string Text { get; init; } = "";
    /// <summary>register: the module; instance: the new instance; thread and wait: the thread.</summary>
    public string? Name { get; init; }
    /// <summary>instance: the definition.</summary>
    public string? Definition { get; init; }
    /// <summary>thread: the modules it shares with the script around it.</summary>
    public string[] Shared { get; init; } = [];
    /// <summary>thread: what it runs.</summary>
    public Directive[] Body { get; init; } = [];
}
