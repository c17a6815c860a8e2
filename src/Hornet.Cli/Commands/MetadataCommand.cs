using System.CommandLine;
using System.Text;
using Hornet.Wasm;

namespace Hornet.Cli.Commands;

/// <summary>hornet metadata show FILE: what a module says of itself in its custom sections.</summary>
internal sealed class MetadataCommand : Command
{
    public MetadataCommand() : base("metadata", "What a module says of itself.")
    {
        var file = new Argument<string>("FILE") { Description = "the module; '-' reads it from standard input" };
        var show = new Command("show", "Name, producers, target features and custom sections.") { file };
        show.SetAction(result => Show(ModuleFile.Read(result.GetRequiredValue(file))));
        Add(show);
    }

    private static int Show(ModuleFile module)
    {
        var sink = new CustomSections();
        try
        {
            ModuleDecoder.Decode(module.Bytes, Features.All, sink);
        }
        catch (WasmFormatException e)
        {
            throw module.Wrong(e);
        }
        var text = new StringBuilder($"{module.Name}: {module.Bytes.Length} bytes\n");
        foreach (var (name, content) in sink.Sections)
        {
            text.Append($"\ncustom section \"{name}\", {content.Length} bytes\n");
            Describe(name, content, text);
        }
        Console.Out.Write(text);
        return 0;
    }

    private static void Describe(string name, byte[] content, StringBuilder text)
    {
        var error = default(string);
        switch (name)
        {
            case NameSection.Name:
                var names = NameSection.Read(content);
                if (names.Module is { } module)
                    text.Append($"  module: {module}\n");
                for (var kind = NameKind.Function; kind <= NameKind.Tag; kind++)
                    if (names.Count(kind) is > 0 and var count)
                        text.Append($"  {kind.ToString().ToLowerInvariant()} names: {count}\n");
                error = names.Error;
                break;
            case "producers" when CustomSection.TryRead(new(content, 0), out ProducersSection? producers, out error):
                foreach (var producer in producers.Producers)
                    text.Append($"  {producer.Field}: {producer.Name} {producer.Version}".TrimEnd()).Append('\n');
                break;
            case "target_features" when CustomSection.TryRead(new(content, 0), out TargetFeaturesSection? features, out error):
                text.Append($"  {string.Join(' ', features.Features.Select(f => $"{f.Prefix}{f.Name}"))}\n");
                break;
            case "dylink.0" when CustomSection.TryRead(new(content, 0), out DylinkSection? dylink, out error):
                text.Append($"  memory: {dylink.MemorySize} bytes, table: {dylink.TableSize} elements\n");
                foreach (var needed in dylink.Needed)
                    text.Append($"  needs: {needed}\n");
                break;
            case "sourceMappingURL":
                text.Append($"  {Text(content)}\n");
                break;
        }
        if (error is not null)
            text.Append($"  malformed: {error}\n");
    }

    private static string Text(byte[] content)
    {
        try
        {
            return Encoding.UTF8.GetString(new OperatorReader(content, 0).Name());
        }
        catch (WasmFormatException e)
        {
            return $"malformed: {e.Message}";
        }
    }
}
