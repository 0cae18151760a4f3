// The rows of tests/corpora/jwt-attacks.tsv, as the development provider plays them too.
export * from '../../op/token_attacks.mjs';
