import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { MARKER } from '../load/make-event.js';
import { Comparisons } from './comparisons.js';
import type { Refusal } from './refusals.js';

/** What stands before both APIs, looks into each request's body, and passes it on or refuses it. */
export type Firewall = {
  readonly port: number;
  /** Refuses so whatever holds the marker; without a refusal nothing is refused. What is counted begins anew. */
  guard(refusal?: Refusal): void;
  /** What is counted since `guard`. */
  readonly comparisons: Readonly<Record<'lago' | 'hyperline', Comparisons>>;
  /** Refuses every request so, as if the API were away; until `undefined` is given. */
  refuseAll(refusal: Refusal | undefined): void;
  /** Acts once: when a request arrives with an event that had been refused before, and before it is judged. */
  atNextComparison(act: () => void): void;
  close(): Promise<void>;
};

/** Sockets of the kept-alive agent go before the server that they lead to ends them. */
const IDLE_MS = 30_000;

/** @param target the port of the loopback on which both APIs are */
export async function openFirewall(target: number): Promise<Firewall> {
  const agent = new Agent({ keepAlive: true, timeout: IDLE_MS });
  let guarded: Refusal | undefined;
  let outage: Refusal | undefined;
  let comparisons = newComparisons();
  let actOnce: (() => void) | undefined;

  function judge(api: 'lago' | 'hyperline', body: string): Refusal | undefined {
    const ids = readIds(api, body);
    if (comparisons[api].isAbout(ids)) {
      const act = actOnce;
      actOnce = undefined;
      act?.();
    }
    // What is refused in an outage says nothing about its events.
    if (outage) return outage;
    if (guarded && body.includes(MARKER)) {
      comparisons[api].noteRefused(ids);
      return guarded;
    }
    comparisons[api].notePassed(ids);
    return undefined;
  }

  async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const body = await buffer(req);
    const api = req.url?.startsWith('/lago/') ? 'lago' : 'hyperline';
    const refusal = req.method === 'POST' ? judge(api, body.toString('utf8')) : outage;
    if (refusal) refuse(res, refusal);
    else passOn(req, res, body, { agent, target });
  }

  const server = createServer((req, res) => {
    // Its client is gone with half of it sent: nobody is left to be answered.
    serve(req, res).catch(() => res.destroy());
  });
  server.keepAliveTimeout = 2 * IDLE_MS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    guard(refusal) {
      guarded = refusal;
      comparisons = newComparisons();
    },
    get comparisons() {
      return comparisons;
    },
    refuseAll(refusal) {
      outage = refusal;
    },
    atNextComparison(act) {
      actOnce = act;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        agent.destroy();
      }),
  };
}

function newComparisons() {
  return { lago: new Comparisons(), hyperline: new Comparisons() };
}

/** What a request for either API may be; anything else of it does not matter here. */
type Said = { transaction_id?: string; record?: { id?: string } };

/** The ids that an API knows events by; none where it is another request. */
function readIds(api: 'lago' | 'hyperline', body: string): string[] {
  const json = JSON.parse(body) as Said | Said[] | { events?: Said[] };
  const said = 'events' in json ? (json.events ?? []) : [json as Said | Said[]].flat();
  return said.flatMap(({ transaction_id, record }) => (api === 'lago' ? transaction_id : record?.id) ?? []);
}

function refuse(res: ServerResponse, { answer }: Refusal): void {
  if (answer === 'cut') {
    res.destroy();
    return;
  }
  const { status, body } = answer;
  res.writeHead(status, { server: 'nginx', 'content-type': 'text/html' }).end(body);
}

function passOn(
  req: IncomingMessage,
  res: ServerResponse,
  body: Buffer,
  { agent, target }: { agent: Agent; target: number },
): void {
  const { method, url, headers } = req;
  const onward = request({ agent, host: '127.0.0.1', port: target, method, path: url, headers });
  onward.on('response', (answer) => {
    res.writeHead(answer.statusCode!, answer.headers);
    answer.on('error', () => res.destroy());
    answer.pipe(res);
  });
  onward.on('error', () => res.destroy());
  res.on('close', () => onward.destroy());
  onward.end(body);
}
