/*
 * Processes of both designs: the clock, a replica of fhir-api and its requests, and auth-server.
 */
inline tickReplica(r) {
  if
  :: CLOCK_RUNS(r) ->
    count(age[r], STALE);
    if
    :: known[r] > REMEMBERED -> known[r] = 0
    :: known[r] > 0 && known[r] <= REMEMBERED -> known[r]++
    :: else
    fi;
    tickKnowledge(r)
  :: else
  fi
}

proctype Clock() {
  byte r;
  do
  :: atomic {
      relayIsPrompt && (!calm || allPrompt) ->
      if
      :: ended -> count(sinceEnd, OVER)
      :: !ended && kind == TIME -> ended = true
      :: !ended && kind == TIME
      :: else
      fi;
      count(tokenAge, LIFETIME);
      for (r : 0 .. REPLICAS - 1) {
        tickReplica(r)
      }
      r = 0;
      tickWorld()
    }
  od
}

proctype Lifecycle(byte r) {
  do
  :: atomic {
      phase[r] == DOWN ->
      known[r] = 0;
      age[r] = STALE;
      isAdmitted[r] = false;
      phase[r] = STARTING;
      start(r)
    }
#ifdef FAULT_RESTART
  :: atomic { phase[r] != DOWN && !isStopped[r] && CAN_FAIL -> phase[r] = DOWN }
#endif
#ifdef FAULT_STOP
  :: atomic { phase[r] != DOWN && !isStopped[r] && CAN_FAIL -> isStopped[r] = true }
  :: atomic { isStopped[r] -> isStopped[r] = false }
#endif
  od
}

/* P1: no data leaves for what ended more than BOUND ago. */
inline send(r) {
#ifdef P1
  assert(!(ended && sinceEnd > BOUND));
#endif
#ifdef P8
  assert(!(ended && sinceEnd > SKEW));
#endif
  skip
}

proctype Requests(byte r) {
  do
#ifdef NO_WAIT
  :: atomic { RUNS(r) && phase[r] == READY && MAY_SERVE(r) -> send(r) }
#else
  :: atomic { RUNS(r) && phase[r] == READY && !isAdmitted[r] && MAY_SERVE(r) -> isAdmitted[r] = true }
  :: atomic { RUNS(r) && isAdmitted[r] && MAY_LEAVE(r) -> isAdmitted[r] = false; send(r) }
  :: atomic { RUNS(r) && isAdmitted[r] && !MAY_LEAVE(r) -> isAdmitted[r] = false }
#endif
  od
}

proctype AuthServer() {
  do
  :: atomic { kind != TOKEN && tokenAge > 0 && MAY_ISSUE -> tokenAge = 0 }
  od
}

#ifdef LIVENESS
proctype Calm() {
  calm = true
}

/* The client of a grant that lives: it tries again until it is served. */
proctype LiveClient(byte r) {
  atomic { RUNS(r) && phase[r] == READY && calm && LIVE_IS_SERVED(r) -> servedInCalm[r] = true }
}
#endif
