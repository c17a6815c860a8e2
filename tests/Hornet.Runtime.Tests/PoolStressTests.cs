namespace Hornet.Runtime.Tests;

/// <summary>Many threads and modules in one pool, in the interpreter.</summary>
public sealed class PoolStressTests : PoolStress
{
    protected override Config NewConfig() => new();
}
