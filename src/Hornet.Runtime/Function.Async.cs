using Hornet.Runtime;

namespace Hornet;

// Calls that can wait without a thread, and the host functions that make them wait.
public sealed unsafe partial class Function
{
    /// <summary>An asynchronous host function with values of any kind: the task's result is the function's results.</summary>
    public delegate ValueTask<ValueBox[]> UntypedAsyncCallbackDelegate(AsyncCaller caller, ReadOnlyMemory<ValueBox> arguments);

    /// <summary>
    /// A host function that may take its time. A guest that was entered by <see cref="InvokeAsync(ReadOnlySpan{ValueBox}, CancellationToken)"/> is suspended until the
    /// task has ended, and goes on on a thread of the pool; no thread waits. What stands behind the function's awaits runs in the store's turn too: see <see cref="AsyncCaller"/>. Where a frame of the host's lies in between (<see cref="Invoke(ReadOnlySpan{ValueBox})"/>,
    /// a start function) the thread waits. An exception ends the guest's call as in any host function.
    /// </summary>
    public static Function FromAsyncCallback(Store store, UntypedAsyncCallbackDelegate callback, IReadOnlyList<ValueKind> parameterKinds, IReadOnlyList<ValueKind> resultKinds)
    {
        ArgumentNullException.ThrowIfNull(callback);
        return store.NewFunction(new UntypedAsyncHostFunction(callback, [.. parameterKinds], [.. resultKinds]));
    }

    /// <summary>
    /// Calls with these arguments. While an asynchronous host function or WASI has the guest wait, no thread does. The first part runs on this thread, unless
    /// another call of the store is running: then the call has to wait for its turn. Several calls of a store may be under way; one runs at a time.
    /// </summary>
    /// <param name="arguments">The arguments.</param>
    /// <param name="cancellationToken">Ends the call where it waits; where it runs, if the engine's guests can be interrupted (<see cref="Config.WithEpochInterruption"/>).</param>
    /// <returns>Null, the result, or an array of several results, each as <see cref="ValueBox.ToObject"/> gives it.</returns>
    /// <exception cref="TrapException">The guest trapped.</exception>
    /// <exception cref="WasmException">The guest threw an exception and did not catch it.</exception>
    /// <exception cref="OperationCanceledException">The call was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The store was disposed while the call was waiting.</exception>
    public ValueTask<object?> InvokeAsync(ReadOnlySpan<ValueBox> arguments, CancellationToken cancellationToken = default)
    {
        if (arguments.Length != RegisteredType.Parameters.Length) throw new ArgumentException($"the function takes {RegisteredType.Parameters.Length} arguments, not {arguments.Length}", nameof(arguments));
        ValueBox[] given = arguments.ToArray(), results = new ValueBox[Results.Count];
        GuestTask task = new(this, (_, values) => PutArguments(values, given), (_, values) => TakeResults(values, results), cancellationToken);
        return AsyncCalls.Await(task, results);
    }

    /// <summary>Calls with these arguments: see <see cref="InvokeAsync(ReadOnlySpan{ValueBox}, CancellationToken)"/>.</summary>
    public ValueTask<object?> InvokeAsync(params ReadOnlySpan<ValueBox> arguments) => InvokeAsync(arguments, default);
}
