namespace Hornet;

/// <summary>How much machine code is worked on before it runs.</summary>
public enum OptimizationLevel
{
    /// <summary>No optimising passes: code is made fastest and runs slowest.</summary>
    None,
    /// <summary>Everything that makes code faster.</summary>
    Speed,
    /// <summary>The same, except what makes code longer: constant divisors stay divisions, functions are not aligned.</summary>
    SpeedAndSize,
}
