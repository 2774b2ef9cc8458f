import { expect, test } from '@jest/globals';
import { findWrittenRootProblem, rootFieldOf } from './root-fields.js';
import { segmentEventSchema } from './segment-event.js';

test.each([
  ['propertes.tokens', 'did you mean properties.tokens?'],
  ['Properties.tokens', 'did you mean properties.tokens?'],
  ['evnt', 'did you mean event?'],
  ['user_id', 'did you mean userId?'],
  ['trait.plan', 'did you mean traits.plan?'],
  ['contxt.groupId', 'did you mean context.groupId?'],
  ['tokens', 'did you mean properties.tokens?'],
  ['billing.plan', 'did you mean properties.billing.plan?'],
  ['tenant_id', 'a root field of your own: \\tenant_id'],
  ['writeKey', 'name the source instead'],
  ['event.name', 'event is text and holds no fields'],
  ['userId.id', 'userId is text and holds no fields'],
])('%s is at the root of no event: %s', (path, message) => {
  expect(findWrittenRootProblem(path)).toContain(message);
});

test.each([
  ['properties.tokens'],
  ['properties'],
  ['context.traits.plan'],
  ['event'],
  ['sentAt'],
  ['version'],
  ['version.major'],
  ['_metadata.bundled'],
  ['\\tenant'],
  ['\\evnt.x'],
  ['properties..x'],
])('%s may be', (path) => {
  expect(findWrittenRootProblem(path)).toBeUndefined();
});

test('every field that the frozen event is said to have is known', () => {
  for (const field of Object.keys(segmentEventSchema.shape)) {
    expect(findWrittenRootProblem(field)).toBeUndefined();
    expect(rootFieldOf([field])).toBeDefined();
  }
  expect(rootFieldOf(['properties', 'tokens'])).toBeUndefined();
});
