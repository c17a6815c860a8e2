namespace Hornet.Runtime;

internal sealed unsafe partial class Translator
{
    void StepAggregate() => throw Unexpected();

    void BranchOnCast() => throw Unexpected();
}
