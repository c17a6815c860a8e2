namespace Hornet.Runtime;

/// <summary>What awaits a guest's call.</summary>
internal static class AsyncCalls
{
    public static ValueTask Run(Function function, SlotAction? arguments, CancellationToken cancellation = default) => Await(new GuestTask(function, arguments, null, cancellation));

    public static ValueTask<TResult> Run<TResult>(Function function, SlotAction? arguments)
    {
        Result<TResult> result = new();
        GuestTask task;
        unsafe
        {
            task = new(function, arguments, result.Read, default);
        }
        return Await(task, result);
    }

    public static async ValueTask Await(GuestTask task)
    {
        await task.Start().ConfigureAwait(false);
        task.Finish();
    }

    public static async ValueTask<object?> Await(GuestTask task, ValueBox[] results)
    {
        await task.Start().ConfigureAwait(false);
        task.Finish();
        return results.Length switch
        {
            0 => null,
            1 => results[0].ToObject(),
            _ => Array.ConvertAll(results, static r => r.ToObject()),
        };
    }

    static async ValueTask<TResult> Await<TResult>(GuestTask task, Result<TResult> result)
    {
        await task.Start().ConfigureAwait(false);
        task.Finish();
        return result.Value;
    }

    sealed class Result<TResult>
    {
        public TResult Value = default!;

        public unsafe void Read(Store store, ValRaw* values) => Value = Results<TResult>.Read(store, values);
    }
}
