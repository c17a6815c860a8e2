namespace Hornet.Runtime.Tests;

/// <summary>Calls that wait, on the interpreter.</summary>
public sealed class WaitingTests : WaitingCalls
{
    protected override Config NewConfig() => new();
}
