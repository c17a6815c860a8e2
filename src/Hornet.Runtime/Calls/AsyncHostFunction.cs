using System.Runtime.CompilerServices;
using Hornet.Wasm;

namespace Hornet.Runtime;

/// <summary>
/// A function of the host that gives a task. One that has ended by then is a call like any other; else the guest is suspended
/// where it can be, and its thread waits where a frame of the host's lies in between.
/// </summary>
internal abstract unsafe class AsyncHostFunction(ValType[] parameters, ValType[] results) : HostFunction(parameters, results)
{
    /// <summary>From here on the thread's awaits come back in the store's turn.</summary>
    /// <returns>What <see cref="LeaveTurns"/> wants.</returns>
    protected static SynchronizationContext? EnterTurns(Store store)
    {
        SynchronizationContext? outer = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(store.Tasks);
        return outer;
    }

    protected static void LeaveTurns(SynchronizationContext? outer) => SynchronizationContext.SetSynchronizationContext(outer);

    /// <summary>Ends the call when the task ends.</summary>
    protected static CallStatus Await(Store store, ValueTask task)
    {
        if (!task.IsCompleted)
        {
            if (store.CanSuspend) return store.Suspend(new Operation(task));
            Task blocking = task.AsTask();
            store.Tasks.Block(blocking);
            task = new(blocking);
        }
        task.GetAwaiter().GetResult();
        return CallStatus.Ok;
    }

    /// <summary>Ends the call when the task ends, with its result.</summary>
    protected static CallStatus Await<TResult>(Store store, ValueTask<TResult> task, ValRaw* values, ResultWriter<TResult> write)
    {
        if (!task.IsCompleted)
        {
            if (store.CanSuspend) return store.Suspend(new Operation<TResult>(task, values, write));
            Task<TResult> blocking = task.AsTask();
            store.Tasks.Block(blocking);
            task = new(blocking);
        }
        write(store, values, task.GetAwaiter().GetResult());
        return CallStatus.Ok;
    }

    /// <summary>Puts a result where the guest expects it.</summary>
    protected delegate void ResultWriter<TResult>(Store store, ValRaw* values, TResult result);

    /// <summary>The guest waits for a task.</summary>
    abstract class TaskOperation : HostOperation
    {
        bool _abandoned;

        protected abstract bool IsCompleted { get; }
        protected abstract void OnCompleted(Action continuation);
        /// <summary>Takes the result, as must be done once.</summary>
        protected abstract void Take(Store? store);

        public sealed override void Begin() => OnCompleted(Completed);

        void Completed()
        {
            if (Volatile.Read(ref _abandoned)) Observe();
            else Wake();
        }

        public sealed override CallStatus Resume(Store store)
        {
            if (!IsCompleted) return CallStatus.Suspended;
            Take(store);
            return CallStatus.Ok;
        }

        public sealed override void Abandon() => Volatile.Write(ref _abandoned, true);

        // Nobody is left to hear of an exception.
        void Observe()
        {
            try
            {
                Take(null);
            }
            catch (Exception)
            {
            }
        }
    }

    sealed class Operation(ValueTask task) : TaskOperation
    {
        readonly ConfiguredValueTaskAwaitable.ConfiguredValueTaskAwaiter _awaiter = task.ConfigureAwait(false).GetAwaiter();

        protected override bool IsCompleted => _awaiter.IsCompleted;
        protected override void OnCompleted(Action continuation) => _awaiter.UnsafeOnCompleted(continuation);
        protected override void Take(Store? store) => _awaiter.GetResult();
    }

    sealed class Operation<TResult>(ValueTask<TResult> task, ValRaw* values, ResultWriter<TResult> write) : TaskOperation
    {
        readonly ConfiguredValueTaskAwaitable<TResult>.ConfiguredValueTaskAwaiter _awaiter = task.ConfigureAwait(false).GetAwaiter();

        protected override bool IsCompleted => _awaiter.IsCompleted;
        protected override void OnCompleted(Action continuation) => _awaiter.UnsafeOnCompleted(continuation);

        protected override void Take(Store? store)
        {
            TResult result = _awaiter.GetResult();
            if (store is not null) write(store, values, result);
        }
    }
}

/// <summary>The first parameter of an asynchronous delegate: an argument like the others, or who calls.</summary>
internal static unsafe class AsyncArgument<T>
{
    public static ValType[] Types => typeof(T) == typeof(AsyncCaller) ? [] : [Slot<T>.Type];

    public static T Take(Store store, VmContext* caller, ref ValRaw* at)
    {
        if (typeof(T) != typeof(AsyncCaller)) return Slot<T>.Take(store, ref at);
        AsyncCaller made = new(store, caller);
        // SAFETY: T is AsyncCaller.
        return Unsafe.As<AsyncCaller, T>(ref made);
    }
}

/// <summary>An asynchronous host function with values of any kind.</summary>
internal sealed unsafe class UntypedAsyncHostFunction(Function.UntypedAsyncCallbackDelegate callback, ValueKind[] parameters, ValueKind[] results)
    : AsyncHostFunction(Array.ConvertAll(parameters, ValueKinds.TypeOf), Array.ConvertAll(results, ValueKinds.TypeOf))
{
    public override CallStatus Invoke(Store store, VmContext* caller, ValRaw* values)
    {
        ValueBox[] arguments = new ValueBox[parameters.Length];
        ValRaw* at = values;
        for (int i = 0; i < arguments.Length; i++)
        {
            arguments[i] = store.FromSlots(at, parameters[i]);
            at += Slot.CountOf(parameters[i]);
        }
        SynchronizationContext? outer = EnterTurns(store);
        ValueTask<ValueBox[]> task;
        try
        {
            task = callback(new AsyncCaller(store, caller), arguments);
        }
        finally
        {
            LeaveTurns(outer);
        }
        return Await(store, task, values, Write);
    }

    void Write(Store store, ValRaw* at, ValueBox[] returned)
    {
        if (returned.Length != results.Length) throw new ArgumentException($"the function gives {results.Length} results, not {returned.Length}");
        for (int i = 0; i < results.Length; i++)
        {
            store.ToSlots(returned[i], ValueKinds.TypeOf(results[i]), at);
            at += Slot.CountOf(results[i]);
        }
    }
}
