// Runs in a container of the image: sends batches to a receiver until it has sent so many, or nobody listens any more.
// Arguments: URL, write key, name, number of batches. Prints how many events were answered 200.

const [url, key, name, batches] = process.argv.slice(2);
const authorization = `Basic ${Buffer.from(`${key}:`).toString('base64')}`;
let taken = 0;
let refused = 0;

for (let batch = 0; batch < Number(batches); batch++) {
  const events = Array.from({ length: 100 }, (_, index) => ({
    type: 'track',
    event: 'API Call',
    messageId: `${name}-${batch}-${index}`,
    userId: `user-${index % 10}`,
    timestamp: new Date().toISOString(),
    properties: { tokens: index, model: 'small', subscription_id: 'sub-1' },
    context: { groupId: 'acct-1' },
  }));
  const body = JSON.stringify({ batch: events });
  const headers = { 'content-type': 'application/json', authorization };
  const answer = await fetch(`${url}/v1/batch`, { method: 'POST', headers, body }).catch(() => null);
  if (answer?.status === 200) taken += events.length;
  else refused += 1;
  // It is gone: a second refusal in a row is no accident.
  if (answer === null && refused > 1) break;
}
console.log(JSON.stringify({ taken, refused }));
