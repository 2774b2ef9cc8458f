/**
 * How a process reaches Redis: one server, Sentinels, or a Redis Cluster; fast and without repeats for a producer,
 * patient for a consumer. It knows no key. Begin with `connectProducer` and `connectConsumer`.
 */
export { type ConnectionOptions, connectConsumer, connectProducer, writeRefusal } from './connection.js';
export { describeRedisError, type RedisTrouble, redisErrorWords, redisTroubleOf } from './describe-error.js';
export { type ClientOptions, openClient } from './open-client.js';
export { placeOf, type ReadRedisAddress, type RedisAddress, readRedisAddress } from './redis-address.js';
export { masterOfKey, mastersOf, nameOf, onServer, serverOfSlot, serversOf, slotOfKey } from './servers.js';
export { readTlsFiles, type TlsFiles, takeTlsFiles, withTlsFiles } from './tls-files.js';
