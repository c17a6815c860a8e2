namespace Hornet.Runtime.Tests;

/// <summary>Slots of a pool between two tenants, in the interpreter.</summary>
public sealed class SlotIsolationTests : SlotIsolation
{
    protected override Config NewConfig() => new();
}
