import { type Config, describeProblems, parseConfig } from '@meterbridge/config';
import { HYPERLINE_KEY, LAGO_KEY, sampleConfig, WRITE_KEY } from '@meterbridge/testing/sample-config';

/** A port at which nothing listens: nobody can be asked, and nothing is sent. */
const NOWHERE = 'http://127.0.0.1:9';

/** The sample's configuration without limits of requests, as it is or changed, with APIs that do not answer. */
export function configWith(redisUrl: string, change: (text: string) => string = (text) => text): Config {
  const text = sampleConfig({ lago: 200, hyperline: 50, reads: 'unlimited' });
  const unlimited = text.replaceAll(/requestsPerSecond: \d+/g, 'requestsPerSecond: unlimited');
  const parsed = parseConfig(change(unlimited), {
    REDIS_URL: redisUrl,
    SEGMENT_WRITE_KEY: WRITE_KEY,
    LAGO_API_URL: NOWHERE,
    LAGO_API_KEY: LAGO_KEY,
    HYPERLINE_API_URL: NOWHERE,
    HYPERLINE_API_KEY: HYPERLINE_KEY,
  });
  if (!parsed.ok) throw new Error(describeProblems(parsed.problems, 'the configuration'));
  return parsed.config;
}
