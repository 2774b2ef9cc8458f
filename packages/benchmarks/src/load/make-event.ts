/** A track call of about 500 bytes of JSON, as in a real account: different in what differs there. */
export function makeEvent(tag: string, n: number): object {
  return {
    type: 'track',
    event: 'API Call',
    messageId: `bench-${tag}-${n}-7136d74f-3c52-4f0a`,
    userId: `user_${(n * 7919) % 5_000}`,
    timestamp: new Date(Date.UTC(2026, 10, 1) + n).toISOString(),
    properties: {
      tokens: (n * 104_729) % 10_000,
      model: ['small', 'medium', 'large'][n % 3],
      subscription_id: `sub_${(n * 31) % 500}`,
      latency_ms: (n * 37) % 2_000,
      region: ['eu-west-1', 'us-east-1'][n % 2],
      endpoint: '/v1/completions',
    },
    context: {
      groupId: `acct_${(n * 31) % 500}`,
      ip: '203.0.113.7',
      library: { name: '@segment/analytics-node', version: '3.1.0' },
    },
  };
}
