import type { Fault, Sandbox } from '@meterbridge/sandbox';

/** Both APIs answer so from now on, as far as each fault says. */
export function addToBoth({ lago, hyperline }: Sandbox, ...faults: Fault[]): void {
  for (const fault of faults) {
    lago.faults.add(fault);
    hyperline.faults.add(fault);
  }
}

/** Both APIs answer as they should again. */
export function clearBoth({ lago, hyperline }: Sandbox): void {
  lago.faults.clear();
  hyperline.faults.clear();
}
