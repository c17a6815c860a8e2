using Hornet.Wasm;

namespace Hornet.Cli;

/// <summary>Functions by what the name section or an export calls them.</summary>
internal sealed class FunctionNames
{
    private readonly NameSection names = NameSection.Empty;
    private readonly Dictionary<int, string> exports = [];

    public FunctionNames(byte[] module, ModuleEnvironment environment)
    {
        var sink = new CustomSections();
        ModuleDecoder.Decode(module, Features.All, sink);
        if (sink.Sections.FindLast(s => s.Name == NameSection.Name) is { Name: not null } section)
            names = NameSection.Read(section.Content);
        foreach (var export in environment.Exports)
            if (export.Kind == ExternKind.Func)
                exports.TryAdd(export.Index, export.Name);
    }

    /// <summary>The function's index, or -1.</summary>
    public int Find(string name)
    {
        foreach (var (index, _, found) in names.All(NameKind.Function))
            if (found == name)
                return index;
        foreach (var (index, export) in exports)
            if (export == name)
                return index;
        return -1;
    }

    /// <summary>What the name section, or else an export, calls a function.</summary>
    public string? Of(int index) => names.Function(index) ?? exports.GetValueOrDefault(index);

    /// <summary>The function that an option names by index or name, with or without the dollar of the text format.</summary>
    /// <exception cref="InputException">There is none, or it is imported.</exception>
    public static int Defined(ModuleFile module, ModuleEnvironment environment, string name)
    {
        if (!int.TryParse(name, out var index))
            index = new FunctionNames(module.Bytes, environment).Find(name.TrimStart('$'));
        if (index < environment.ImportedFunctions || index >= environment.ImportedFunctions + environment.Bodies.Count)
            throw new InputException($"{module.Name}: there is no function '{name}' with a body");
        return index;
    }
}

/// <summary>The custom sections of a module, in its order.</summary>
internal sealed class CustomSections : IModuleSink
{
    public List<(string Name, byte[] Content)> Sections { get; } = [];

    public bool WantsCustom(string name) => true;

    public void CustomSection(ModuleEnvironment environment, string name, ModuleBytes content) => Sections.Add((name, content.Span.ToArray()));
}
