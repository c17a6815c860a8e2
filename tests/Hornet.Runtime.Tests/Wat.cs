using System.Text;
using Hornet.Text;

namespace Hornet.Runtime.Tests;

/// <summary>Modules and instances from text.</summary>
internal static class Wat
{
    /// <summary>One engine for tests that need no configuration of their own.</summary>
    public static readonly Engine Engine = new();

    public static byte[] Bytes(string text) => WatParser.Parse(Encoding.UTF8.GetBytes(text));

    public static Module Module(string text, Engine? engine = null) => Hornet.Module.FromBytes(engine ?? Engine, null, Bytes(text));

    public static Instance Instantiate(Store store, string text, params ReadOnlySpan<Extern> imports) => new(store, Module(text, store.Engine), imports);
}
