/** The billing APIs that the sandbox stands in for, by the type of their destinations: each answers under `/<type>`. */
export const SANDBOX_APIS = ['lago', 'hyperline'] as const;

/** The environment variables that say how it behaves, where another program starts it. */
export const BEHAVIOUR_VARIABLES = ['SANDBOX_LAGO_STORE', 'SANDBOX_LATENCY_MS'];
