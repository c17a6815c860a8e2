using Hornet.Wasm;

namespace Hornet.Cli;

/// <summary>Functions by what the name section or an export calls them.</summary>
internal static class FunctionNames
{
    /// <summary>The function's index, or -1.</summary>
    public static int Find(byte[] module, ModuleEnvironment environment, string name)
    {
        foreach (var (index, _, found) in Names(module).All(NameKind.Function))
            if (found == name)
                return index;
        foreach (var export in environment.Exports)
            if (export.Kind == ExternKind.Func && export.Name == name)
                return export.Index;
        return -1;
    }

    /// <summary>What the name section, or else an export, calls a function.</summary>
    public static string? Of(byte[] module, ModuleEnvironment environment, int index) =>
        Names(module).Function(index) ?? environment.Exports.Find(e => e.Kind == ExternKind.Func && e.Index == index).Name;

    private static NameSection Names(byte[] module)
    {
        var sink = new CustomSections();
        ModuleDecoder.Decode(module, Features.All, sink);
        return sink.Sections.FindLast(s => s.Name == NameSection.Name) is { Name: not null } section ? NameSection.Read(section.Content) : NameSection.Empty;
    }
}

/// <summary>The custom sections of a module, in its order.</summary>
internal sealed class CustomSections : IModuleSink
{
    public List<(string Name, byte[] Content)> Sections { get; } = [];

    public bool WantsCustom(string name) => true;

    public void CustomSection(ModuleEnvironment environment, string name, ModuleBytes content) => Sections.Add((name, content.Span.ToArray()));
}
