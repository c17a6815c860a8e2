using Hornet.Runtime.Tests;

namespace Hornet.Native.Tests;

/// <summary>Calls that wait, in machine code.</summary>
public sealed class NativeWaitingTests : WaitingCalls
{
    protected override Config NewConfig() => new Config().WithNativeCode(tierUp: false);
}

/// <summary>Calls that wait, where functions and loops become machine code while the guest runs.</summary>
public sealed class TierUpWaitingTests : WaitingCalls
{
    protected override Config NewConfig() => new Config().WithNativeCode(CompileMode.TierUp, TierUpSettings.AtOnce);
}

/// <summary>Calls that wait, where every other function stays with the interpreter: tiers lie nested on one stack when the guest is left.</summary>
public abstract class MixedWaitingCalls(int left) : WaitingCalls
{
    protected override Config NewConfig() => new Config().WithNativeCode(lazy: false);

    protected override Module Compile(Engine engine, string text)
    {
        ModuleCompiler.LeaveOut = index => index % 2 == left;
        try
        {
            return base.Compile(engine, text);
        }
        finally
        {
            ModuleCompiler.LeaveOut = null;
        }
    }
}

public sealed class EvenInterpretedWaitingTests() : MixedWaitingCalls(0);

public sealed class OddInterpretedWaitingTests() : MixedWaitingCalls(1);
