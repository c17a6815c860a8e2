using System.Text;

namespace Hornet.Wasm;

/// <summary>A tool or language that had a part in making the module.</summary>
public readonly record struct Producer(string Field, string Name, string Version);

/// <summary>The producers section. Source: tool conventions, producers section.</summary>
public sealed class ProducersSection(IReadOnlyList<Producer> producers) : ICustomSection<ProducersSection>
{
    public static string Name => "producers";

    /// <summary>Every producer, with its field: language, processed-by or sdk.</summary>
    public IReadOnlyList<Producer> Producers { get; } = producers;

    public static ProducersSection Read(ModuleBytes content)
    {
        OperatorReader reader = new(content);
        List<Producer> producers = [];
        for (uint fields = reader.Count(); fields > 0; fields--)
        {
            string field = Encoding.UTF8.GetString(reader.Name());
            for (uint values = reader.Count(); values > 0; values--)
            {
                string name = Encoding.UTF8.GetString(reader.Name());
                producers.Add(new(field, name, Encoding.UTF8.GetString(reader.Name())));
            }
        }
        SectionReaders.End(reader);
        return new(producers);
    }
}
