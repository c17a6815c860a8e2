namespace Hornet.Runtime;

/// <summary>
/// What a suspended host call waits for. <see cref="Wake"/> may be called from any thread, early, late and more than once; everything
/// else happens while the store is driven.
/// </summary>
internal abstract unsafe class HostOperation
{
    GuestTask? _task;

    /// <summary>The call that waits; set when it is suspended.</summary>
    public GuestTask Task { get => _task!; set => _task = value; }

    /// <summary>Begins to wait. The guest's call is suspended by now, so nothing is lost if the wait is over at once.</summary>
    public abstract void Begin();

    /// <summary>Something has happened: finishes the host call. May throw what the host function throws.</summary>
    /// <returns>Ok with the results in place, or Suspended where it goes on waiting.</returns>
    public abstract CallStatus Resume(Store store);

    /// <summary>Nobody waits any more: the call has been cancelled or interrupted, or its store is going.</summary>
    public abstract void Abandon();

    protected void Wake() => Task.Wake();
}
