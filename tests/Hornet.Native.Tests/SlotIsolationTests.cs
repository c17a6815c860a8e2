using Hornet.Runtime.Tests;

namespace Hornet.Native.Tests;

/// <summary>Slots of a pool between two tenants, in machine code.</summary>
public sealed class NativeSlotIsolationTests : SlotIsolation
{
    protected override Config NewConfig() => new Config().WithNativeCode(tierUp: false);
}
