/**
 * Loaded before a process of the product (`node --import`): its clock is wrong by CLOCK_SKEW_MS, as on a
 * machine whose clock nobody keeps. Timers run as ever.
 */
const skewMs = Number(process.env.CLOCK_SKEW_MS ?? 0);
const RealDate = Date;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [target.now() + skewMs] : args, newTarget),
  apply: (target) => new target(target.now() + skewMs).toString(),
  get: (target, name, receiver) =>
    name === 'now' ? () => target.now() + skewMs : Reflect.get(target, name, receiver),
});
