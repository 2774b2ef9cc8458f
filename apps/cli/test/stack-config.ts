import { sampleConfig } from '@meterbridge/testing/sample-config';

export * from '@meterbridge/testing/sample-config';

export const CONFIG = sampleConfig({ lago: 200, hyperline: 50, reads: 'unlimited' });
