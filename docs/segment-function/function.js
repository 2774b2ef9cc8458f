// biome-ignore-all lint/correctness/noUnusedVariables: Segment calls the handlers by their names
// A Segment destination function that forwards every event to Meterbridge: docs/segment-function.md.
// Settings: endpoint (text), https://<your receiver>/webhooks/segment/<source>
//           secret (text, encrypted), the source's functionSecret

/** A batch of up to 400 events of any type. Answers for each of them, so that Segment repeats no other. */
async function onBatch(events, settings) {
  return deliver(events, settings);
}

async function onTrack(event, settings) {
  await deliverOne(event, settings);
}

async function onIdentify(event, settings) {
  await deliverOne(event, settings);
}

async function onPage(event, settings) {
  await deliverOne(event, settings);
}

async function onScreen(event, settings) {
  await deliverOne(event, settings);
}

async function onGroup(event, settings) {
  await deliverOne(event, settings);
}

async function onAlias(event, settings) {
  await deliverOne(event, settings);
}

/** A request to delete a person: done where the source says `deleteCalls: forget`, else a dead letter with the command to run. */
async function onDelete(event, settings) {
  await deliverOne(event, settings);
}

/** Segment calls this instead of onBatch where few events come. */
async function deliverOne(event, settings) {
  const [outcome] = await deliver([event], settings);
  // A dead letter of the receiver by now: sending it again would not make it better.
  if (outcome.status !== 200) throw new InvalidEventPayload(outcome.errormessage);
}

/**
 * Resolves to one status an event. Whatever is not an answer of Meterbridge's is repeated by Segment for four
 * hours: an outage, a limit, a wrong secret, a wrong endpoint.
 */
async function deliver(events, settings) {
  const { status, answer } = await post(events, settings);
  if (status === 413 && events.length > 1) {
    const half = Math.ceil(events.length / 2);
    const first = await deliver(events.slice(0, half), settings);
    return first.concat(await deliver(events.slice(half), settings));
  }
  if (status !== 200 || answer.success !== true) {
    throw new RetryError(`HTTP ${status}: ${answer.message || 'not an answer of Meterbridge'}`);
  }
  // Without results, every event was taken.
  return events.map((_, index) => {
    const result = (answer.results || [])[index];
    if (result?.status !== 'rejected') return { status: 200 };
    return { status: 400, errormessage: `${result.reason}: ${result.message}` };
  });
}

async function post(events, settings) {
  if (!settings.endpoint || !settings.secret) throw new RetryError('endpoint and secret have to be set');
  const body = JSON.stringify(events);
  const seconds = Math.floor(Date.now() / 1000);
  const signature = crypto.createHmac('sha256', settings.secret).update(`${seconds}.${body}`).digest('hex');
  try {
    const response = await fetch(settings.endpoint, {
      method: 'POST',
      redirect: 'error',
      headers: {
        'Content-Type': 'application/json',
        'X-Meterbridge-Signature': `t=${seconds},v1=${signature}`,
      },
      body,
    });
    return { status: response.status, answer: readAnswer(await response.text()) };
  } catch (error) {
    throw new RetryError(`no answer: ${error.message}`);
  }
}

/** A proxy on the way may answer with anything. */
function readAnswer(text) {
  try {
    return JSON.parse(text) || {};
  } catch {
    return {};
  }
}
