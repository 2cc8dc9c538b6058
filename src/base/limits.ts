/**
 * Every limit that is not the owner's choice: name, unit last, the RFC's floor beside our value.
 *
 * @module
 */

export const limits = {
  /** A command line with its CRLF. RFC 5321 §4.5.3.1.4 asks for 512, extensions add to it (RFC 3461, RFC 6531), and RFC 4954 §4 takes 12,288 for AUTH. */
  commandOctetsMax: 12_288,
  /** A text line with its CRLF: RFC 5321 §4.5.3.1.6 asks for 1,000. Senders exceed it; what a peer can make us hold is bounded by the body's size. */
  textLineOctetsMax: 65_536,
  /** A line that a next hop sends, with its CRLF: RFC 5321 §4.5.3.1.5 asks for 512. */
  replyLineOctetsMax: 4_096,
  /** Lines of one reply of a next hop. */
  replyLinesMax: 200,
  /** Local part and domain: RFC 5321 §4.5.3.1.1, §4.5.3.1.2. */
  localPartOctetsMax: 64,
  domainOctetsMax: 255,
  /** The rest of an over-long or malformed command line, thrown away before the session is given up. */
  skippedLineOctetsMax: 65_536,
  /** Text of a message that is refused already, read to its end before the session is given up. */
  drainedOctetsMax: 104_857_600,
  /** Received fields of a message that goes round in circles: RFC 5321 §6.3 asks for at least 100. */
  receivedFieldsMax: 100,
  /** The header part of one message. */
  headerOctetsMax: 262_144,
  /** Malformed or refused-by-syntax commands in one session before it ends. */
  commandErrorsMax: 10,
  /** NOOP, RSET, VRFY, HELP and the like, beyond what messages need, in one session. */
  idleCommandsMax: 100,
  /** Refused recipients in one session before it ends. */
  refusedRecipientsMax: 1_000,
  /** Clients and senders whose counts of the hour are remembered, of each kind. */
  rateKeysMax: 100_000,
  /** Failed authentications in one session before it ends; how long the first one is made to wait, and the one that waits longest. */
  authFailuresMax: 3,
  authDelayMs: 1_000,
  authDelayMsMax: 10_000,
  /** Passwords that are checked at a time, 16 MiB each as a rule, and logins that wait for that. */
  passwordChecksMax: 2,
  passwordChecksWaitingMax: 200,
  /** Right passwords that are remembered, and for how long. */
  passwordsRememberedMax: 1_000,
  passwordRememberedMs: 300_000,
  /** The AUTH parameter of MAIL, RFC 4954 §5: xtext of a path. */
  authParameterOctetsMax: 500,
  /** ENVID, RFC 3461 §4.4; ORCPT, RFC 3461 §4.2. */
  envidOctetsMax: 100,
  orcptOctetsMax: 500,

  /** The server waits for a command, for data: RFC 5321 §4.5.3.2.7 asks for 5 min. */
  serverCommandMs: 300_000,
  serverDataMs: 300_000,
  /** One transaction, from MAIL to the end of its text; and the least rate at which text must come, all of it together. Slow-lorises are ended by them. */
  serverTransactionMs: 3_600_000,
  serverDataOctetsPerSecondMin: 100,
  /** The same waits while most places for sessions are taken. */
  serverCrowdedMs: 30_000,
  /** Bytes to a client that does not read. */
  serverWriteMs: 300_000,
  /** A client that was refused in the greeting has this long to say QUIT. */
  refusedSessionMs: 60_000,
  /** The last reply to a client that is being hung up on. */
  farewellMs: 5_000,

  /** The client's waits: RFC 5321 §4.5.3.2.1 to §4.5.3.2.6. */
  connectMs: 30_000,
  /** The same while many outbound connections are in use: RFC 5321 says nothing of it, other destinations wait. */
  connectCrowdedMs: 10_000,
  greetingMs: 300_000,
  ehloMs: 300_000,
  mailMs: 300_000,
  rcptMs: 300_000,
  dataInitMs: 120_000,
  dataBlockMs: 180_000,
  dataTerminationMs: 600_000,
  quitMs: 10_000,
  /** One message over one connection, all steps together: a next hop that is slow with each is given up. */
  transactionMs: 3_600_000,
  /** Addresses that one attempt to connect tries, and for how long it goes on to the next one. */
  addressesTriedMax: 10,
  connectTotalMs: 600_000,
  /** Outbound connections, all destinations together. */
  deliveryConnectionsMax: 1_000,
  /** An outbound connection without work is kept this long. */
  deliveryIdleMs: 1_500,

  /** A TLS handshake: time, and bytes from the peer (a long chain with room to spare). */
  handshakeMs: 30_000,
  handshakeOctetsMax: 131_072,
  /** Renegotiations of one session, where they are switched on. */
  renegotiationsMax: 3,
  /** A ClientHello; those with post-quantum key shares are about 2 KiB. */
  clientHelloOctetsMax: 65_536,
  /** Sessions that a client context remembers to resume. */
  tlsSessionsCachedMax: 500,

  /** A body above this streams to a file and is never held whole. */
  bodyInMemoryOctetsMax: 262_144,
  /** One read of a socket or of a body file. */
  chunkOctets: 65_536,

  /** Free inodes below this count as a full disk: the database's own files and the log need some. */
  freeInodesMin: 100,

  /** The configuration file: its size, its values, those that aliases stand for (counted each time), and blocks within blocks. */
  configOctetsMax: 16_777_216,
  configValuesMax: 2_000_000,
  configAliasValuesMax: 250_000,
  /** Rows of one list. */
  configRowsMax: 250_000,
  /** A text below this is worked on beside mail in a few milliseconds; a longer one in a thread, which stays for a while. */
  configOctetsHereMax: 16_384,
  configWorkMs: 120_000,
  configWorkIdleMs: 10_000,
  configWorkWaitingMax: 64,
  /** The first pause after a reading that failed without a fault of the file's, doubled each time, and the longest. */
  configRetryMs: 5_000,
  configRetryMsMax: 300_000,
  configDepthMax: 32,
  /** A certificate, key or revocation list file; the system's list of authorities is about 220 KiB. */
  certificateFileOctetsMax: 16_777_216,
  /** Rounds of key derivation that one file with a password may ask for: seconds. Writers use 2,000 to 600,000. */
  passwordRoundsMax: 5_000_000,

  /** A revocation list from a URL; the longest one of a public authority has about 10 MB. A responder's answer is at most a few KB. */
  crlOctetsMax: 33_554_432,
  ocspResponseOctetsMax: 65_536,
  /** One request for a list or an answer: all of it, and how often it may be sent elsewhere. */
  crlFetchMs: 60_000,
  ocspFetchMs: 15_000,
  redirectsMax: 5,
  /** What a responder may be ahead of our clock; and how long an answer counts that does not say when the next one comes (RFC 6960 §4.2.2.1). */
  ocspSkewMs: 300_000,
  ocspWithoutEndMs: 3_600_000,

  /** Commands over the control socket: at a time, the request and one line of the answer in octets, and the waits for each. */
  controlConnectionsMax: 32,
  controlRequestOctetsMax: 25_165_824,
  controlAnswerOctetsMax: 50_331_648,
  /** Files that go along with one command, all together; in base64 they have to fit into the request, and those for the caller into the answer. */
  controlFilesOctetsMax: 16_777_216,
  controlRequestMs: 10_000,
  controlWriteMs: 60_000,
  /** A command that takes longer says so this often; one that says nothing for so long is given up by whoever asked. */
  controlAliveMs: 5_000,
  controlSilenceMs: 60_000,
  /** After an accept that failed. */
  controlPauseMs: 250,
  /** One attempt to send mail without the queue, from the first look-up to the last reply; and one address in it. */
  directAttemptMs: 60_000,
  directConnectMs: 10_000,
  /** The shutdown waits this long for alerts that nobody was told yet. */
  alertsFlushMs: 10_000,

  /** The HTTPS front: connections, all together and of one address. */
  httpSessionsMax: 200,
  httpSessionsPerAddressMax: 50,
  /** The head of a request; its body. */
  httpHeadOctetsMax: 32_768,
  httpBodyOctetsMax: 20_971_520,
  /** How long a head may take, an answer to be made and sent, and how long a connection is kept without a request. */
  httpHeadMs: 10_000,
  httpRequestMs: 60_000,
  httpIdleMs: 60_000,
  /** How long what is beyond a bound is read on, so that its sender hears the answer. */
  httpLingerMs: 2_000,
  /** An address of the front that cannot be had is tried again so often. */
  httpListenRetryMs: 10_000,

  /** A search of the mail log takes no longer; searches that run and wait. */
  trackingMs: 30_000,
  trackingWaitingMax: 8,
  /** A report over all domains is given up. */
  reportMs: 30_000,

  /** The body of a request to the API and of a form: what is larger gets 413. Where an administrator sends a whole configuration, it fits in. */
  apiBodyOctetsMax: 2_000_000,
  apiFileOctetsMax: 20_000_000,
  /** Objects and lists within each other in such a body: twice as many as a configuration has. */
  apiBodyDepthMax: 64,
  /** Sessions of browsers: the longest, of all users and of one. */
  adminSessionMs: 43_200_000,
  adminSessionsMax: 1_000,
  adminSessionsPerUserMax: 20,
  /** The set-up link lives so long. */
  setupLinkMs: 1_800_000,
  /** Archives of the configuration that are kept. */
  backupsMax: 50,
  /** API tokens that are kept; the longest life of one, in days. */
  apiTokensMax: 1_000,
  apiTokenDaysMax: 3_650,
  /** The shortest password of a user of the admin page. */
  adminPasswordCharactersMin: 12,
  /** Failed logins within the window before no more are taken: from one address for one user, from one address, for one user. */
  loginWindowMs: 900_000,
  loginFailuresPerPairMax: 10,
  loginFailuresPerAddressMax: 50,
  loginFailuresPerUserMax: 100,
  /** What waits for its answer longer with each failure: the first, the longest. */
  loginDelayMs: 500,
  loginDelayMsMax: 8_000,
  /** Addresses, users and pairs whose failures are remembered, of each kind; logins at a time, their delays included. */
  loginKeysMax: 10_000,
  loginsMax: 100,
  /** Requests a second of one token or session, and of one address without either; each may save up so many seconds. */
  apiRequestsPerSecondMax: 200,
  anonymousRequestsPerSecondMax: 20,
  requestBurstSeconds: 5,
  requestKeysMax: 10_000,

  /** ACME: one request and its answer in octets; a whole order, its challenges included; what answers http-01 and tls-alpn-01. */
  acmeRequestMs: 30_000,
  acmeAnswerOctetsMax: 262_144,
  acmeOrderMs: 900_000,
  acmeAnswerMs: 10_000,
  acmeAnswersMax: 50,
  acmeRequestHeadOctetsMax: 8_192,

  /** Servers of client services: one address, the whole opening of a connection. */
  serviceConnectMs: 10_000,
  serviceOpenMs: 30_000,
  /** What the updater fetches: Mozilla's list has 230 KiB. */
  updateOctetsMax: 4_194_304,
  updateFetchMs: 60_000,
  /** Log hosts: what waits for one in memory; one write; a connection without lines; the shutdown waits so long for them. */
  logHostWaitingCharactersMax: 8_388_608,
  logHostWriteMs: 30_000,
  logHostIdleMs: 300_000,
  logHostFlushMs: 5_000,
  /** One message: RFC 5425 §4.3.1 wants receivers to take 8,192 octets, RFC 5426 §3.2 2,048. */
  logHostMessageOctetsMax: 8_192,
  logHostDatagramOctetsMax: 2_048,

  /** Directories: one message of a server; searches at a time over one connection (slapd ends a nameless one that has 100), and those that wait. */
  directoryMessageOctetsMax: 65_536,
  directorySearchesMax: 50,
  directoryWaitingMax: 5_000,
  /** All servers together have this long for one question. */
  directoryQuestionMs: 60_000,
  /** A connection without searches is closed; one is not used for longer than the second. */
  directoryIdleMs: 120_000,
  directoryLifeMs: 900_000,
  /** Answers of one directory that are remembered: recipients, and those who are none. */
  directoryAnswersMax: 20_000,

  /** The shutdown waits this long for sessions. */
  shutdownMs: 30_000,
} as const;
