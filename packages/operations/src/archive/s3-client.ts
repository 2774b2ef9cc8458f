/**
 * What is used of Amazon's client, in a module of its own: it is large, and is loaded where archives are objects. Its
 * own module would not do: a bundler gives a CommonJS module that is loaded late no names.
 */
export { GetObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
