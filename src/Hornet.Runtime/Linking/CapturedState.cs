namespace Hornet.Runtime;

/// <summary>What a snapshot has taken of an instance, apart from any store: function references are functions' indices.</summary>
/// <param name="Images">Memories and tables.</param>
/// <param name="MemoryBytes">Lengths of the memories that the module defines.</param>
/// <param name="TableLengths">Lengths of the tables that the module defines.</param>
/// <param name="Globals">Values of the globals that the module defines; a function reference as its index + 1.</param>
/// <param name="DroppedDatas">Passive data segments that have been dropped.</param>
/// <param name="DroppedElems">Passive element segments that have been dropped.</param>
internal sealed record CapturedState(InstanceImages Images, ulong[] MemoryBytes, ulong[] TableLengths, VmGlobal[] Globals, bool[] DroppedDatas, bool[] DroppedElems);
