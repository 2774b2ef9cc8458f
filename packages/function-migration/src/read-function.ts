import type { DraftDestination } from '@meterbridge/config-draft';
import { kindOf } from '@meterbridge/destinations';
import type { Program } from 'acorn';
import { judgeEndings } from './endings.js';
import { explore, findHandlers, type Handler } from './explore.js';
import { type Findings, tidy } from './findings.js';
import type { Request } from './machine.js';
import { mergeSendings, type Sending } from './merge-ways.js';
import { parseFunction } from './parse-function.js';
import { VENDORS, type Vendor } from './recipes.js';
import { finishRules, type MadeRule, makeRule } from './rules.js';
import { holdsKey, readRequest, type Target } from './vendor.js';

/** What a pasted Segment Function says, and what is to be said of it. */
export type FunctionReading = Findings & {
  handlers: Handler[];
  requests: { handler: string; line: number; to: Vendor }[];
  destinations: DraftDestination[];
};

/** One usage event that a handler sends. */
type Usage = { target: Target; sending: Sending };

const ACCEPTED = { status: 200, hasBody: true };

/** Reads a function's text; nothing of it is run. */
export function readFunction(source: string): FunctionReading {
  const findings: Findings = { faults: [], differences: [], open: [] };
  const { program, problems, isExact } = parseFunction(source);
  for (const { line, message } of problems) {
    findings.faults.push({
      code: 'does_not_parse',
      line,
      what: `JavaScript does not take it: ${message}`,
      cost: 'Segment cannot load the function: not one event was sent',
    });
  }
  if (!isExact) {
    const why = 'the text is no JavaScript: what was read may not be what it says';
    findings.open.push({ line: problems[0]!.line, field: 'all of it', code: '', why, inRule: false });
  }
  const { handlers, left } = findHandlers(source, program);
  for (const { name, line } of left) {
    findings.differences.push({ line, what: `${name}: Meterbridge takes no such event; left out` });
  }
  const read = handlers.map((handler) => ({
    handler,
    usage: readHandler(source, program, handler, findings),
  }));
  const used = withoutBatch(read, findings);
  const rules = used.flatMap(({ handler, usage }) => rulesOf(handler, usage, findings));
  for (const { handler, usage } of used) {
    const [first] = usage;
    if (!first) continue;
    const hasHyperline = usage.some(({ target }) => target.type === 'hyperline');
    findings.faults.push(...judgeEndings(source, program, handler.name, first.sending.line, hasHyperline));
  }
  const destinations = destinationsOf(
    used.flatMap(({ usage }) => usage),
    rules,
    findings,
  );
  const requests = read.flatMap(({ handler, usage }) =>
    usage.map(({ target, sending }) => ({ handler: handler.name, line: sending.line, to: target.type })),
  );
  return { handlers, requests: distinct(requests), destinations, ...tidy(findings) };
}

function readHandler(source: string, program: Program, { name, line }: Handler, findings: Findings): Usage[] {
  const { ways, isComplete } = explore(source, program, name, ACCEPTED);
  if (!isComplete) {
    const why = 'it has more ways through it than can be read';
    findings.open.push({ line, field: name, code: '', why, inRule: false });
    return [];
  }
  const usage = ways.flatMap(({ requests, loops, doubts }) => {
    for (const at of loops) {
      findings.differences.push({ line: at, what: 'a loop: it was read as if it ran once' });
    }
    if (requests.length > 0) {
      for (const { line: at, code, why } of doubts) {
        findings.open.push({ line: at, field: name, code, why, inRule: false });
      }
    }
    return requests.flatMap((request) => usageOf(request, findings));
  });
  // What sends nothing that can be seen may still send by something that cannot be read.
  const [unread] = ways.flatMap(({ unread }) => unread);
  if (usage.length === 0 && unread) {
    const { line: at, code, why } = unread;
    findings.open.push({ line: at, field: name, code, why: `${why}: it may send usage`, inRule: false });
  }
  return usage;
}

function usageOf(request: Request, findings: Findings): Usage[] {
  const { line, literals } = request;
  if (holdsKey(request.headers)) {
    findings.faults.push({
      code: 'key_in_code',
      line,
      what: 'the key stands in the code',
      cost: 'whoever can read the function has it: make another one',
    });
  }
  const reading = readRequest(request);
  if (reading.is === 'unclear') {
    findings.open.push({ line, field: 'request', code: '', why: reading.why, inRule: false });
  }
  if (reading.is === 'other') findings.differences.push({ line, what: `${reading.why}; left out` });
  if (reading.is !== 'usage') return [];
  if (!reading.isText) {
    findings.faults.push({
      code: 'body_is_no_text',
      line,
      what: 'the body is an object, not JSON',
      cost: 'the API was sent "[object Object]" and refused it',
    });
  }
  return reading.objects.map((body) => ({
    target: reading.target,
    sending: { line, body, cases: [[...literals]] },
  }));
}

/** Segment calls onBatch or the others, never both for one event: only one of them can be the rules. */
function withoutBatch<T extends { handler: Handler; usage: Usage[] }>(
  read: readonly T[],
  findings: Findings,
): T[] {
  const batch = read.find(({ handler, usage }) => handler.name === 'onBatch' && usage.length > 0);
  const others = read.filter(({ handler }) => handler.name !== 'onBatch');
  if (!batch || others.every(({ usage }) => usage.length === 0)) return [...read];
  findings.differences.push({
    line: batch.handler.line,
    what: 'onBatch sends, too: it was not held against the other handlers, whose rules these are',
  });
  return others;
}

function rulesOf({ name }: Handler, usage: readonly Usage[], findings: Findings): MadeRule[] {
  return VENDORS.flatMap((type) => {
    const sendings = usage.filter(({ target }) => target.type === type).map(({ sending }) => sending);
    return mergeSendings(sendings).map((sending) => makeRule(type, name, sending, findings));
  });
}

function destinationsOf(
  usage: readonly Usage[],
  rules: readonly MadeRule[],
  findings: Findings,
): DraftDestination[] {
  const first = new Map(usage.toReversed().map((each) => [each.target.type, each]));
  return [...first.values()].map(({ target: { type, origin, setting }, sending }) => {
    if (origin === null) {
      const where = setting === null ? 'not in the code' : `the setting ${setting}`;
      const what = `the API's address is ${where}: ${kindOf(type).env.url} has to say it`;
      findings.differences.push({ line: sending.line, what });
    }
    const own = rules.filter((rule) => rule.type === type);
    return { type, url: origin ?? kindOf(type).defaults.url, rules: finishRules(own, findings) };
  });
}

function distinct<T>(items: readonly T[]): T[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}
