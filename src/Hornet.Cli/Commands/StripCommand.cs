using System.CommandLine;
using Hornet.Wasm;

namespace Hornet.Cli.Commands;

/// <summary>hornet strip FILE: a module without custom sections.</summary>
internal sealed class StripCommand : Command
{
    private readonly Argument<string> file = new("FILE") { Description = "the module; '-' reads it from standard input" };
    private readonly Option<string?> output = OutputFile.Option();
    private readonly Option<bool> all = new("--all", "-a") { Description = "every custom section, the name section included" };
    private readonly Option<string[]> delete = new("--delete", "-d") { Description = "only the custom sections of these names; '*' stands for any characters", HelpName = "NAME" };

    public StripCommand() : base("strip", "Remove custom sections from a module; the name section and what a program needs at run time stay.")
    {
        Add(file);
        Add(output);
        Add(all);
        Add(delete);
        SetAction(Strip);
    }

    private int Strip(ParseResult result)
    {
        var module = ModuleFile.Read(result.GetRequiredValue(file));
        var names = result.GetValue(delete) ?? [];
        var everything = result.GetValue(all);
        try
        {
            OutputFile.WriteBinary(result.GetValue(output), Without(module.Bytes, name => names.Length > 0 ? Array.Exists(names, n => Matches(n, name)) : everything || !IsKept(name)));
            return 0;
        }
        catch (WasmFormatException e)
        {
            throw module.Wrong(e);
        }
    }

    // As wasm-tools: names, component types and dynamic linking are what others still need.
    private static bool IsKept(string name) => name is "name" or "dylink.0" or "metadata.code.branch_hint" || name.StartsWith("component-type:", StringComparison.Ordinal);

    private static bool Matches(string pattern, string name)
    {
        var parts = pattern.Split('*');
        if (parts.Length == 1)
            return pattern == name;
        if (name.Length < parts[0].Length + parts[^1].Length || !name.StartsWith(parts[0], StringComparison.Ordinal) || !name.EndsWith(parts[^1], StringComparison.Ordinal))
            return false;
        var at = parts[0].Length;
        foreach (var part in parts[1..^1])
        {
            at = name.IndexOf(part, at, StringComparison.Ordinal);
            if (at < 0 || at + part.Length > name.Length - parts[^1].Length)
                return false;
            at += part.Length;
        }
        return true;
    }

    private static ReadOnlySpan<byte> Without(ReadOnlySpan<byte> bytes, Func<string, bool> isRemoved) =>
        SectionRewriter.Rewrite(bytes, (customName, section, _, to) =>
        {
            if (customName is null || !isRemoved(customName))
                to.Append(section);
        });
}
