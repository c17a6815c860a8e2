using Hornet.Runtime.Tests;

namespace Hornet.Native.Tests;

/// <summary>Many threads and modules in one pool, in machine code.</summary>
public sealed class NativePoolStressTests : PoolStress
{
    protected override Config NewConfig() => new Config().WithNativeCode();
}
