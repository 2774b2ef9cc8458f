/** One thing that was looked at. A warning is for a person to judge; only a failure ends the command with 1. */
export type Finding = { level: 'ok' | 'warn' | 'fail'; what: string; detail: string };
