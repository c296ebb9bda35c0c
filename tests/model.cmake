# Models of the protocols between threads, searched by SPIN; skipped with a reason without it.

function(rondo_model test model)
    add_test(NAME model/${test}
        COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/model/run.sh ${model} ${ARGN})
    set_tests_properties(model/${test} PROPERTIES
        TIMEOUT 300 LABELS model SKIP_RETURN_CODE 77)
endfunction()

rondo_model(lock lock)
foreach(size IN ITEMS 2 4)
    rondo_model(tickets.${size} tickets.${size})
    foreach(scenario IN ITEMS run refused limited ended both)
        rondo_model(shard.${size}.${scenario} shard.${size}.${scenario})
    endforeach()
endforeach()

# Each breaks one step, and must be found out.
foreach(mutant IN ITEMS let_go_does_not_wake woken_takes_it_as_held futex_does_not_compare
        take_without_exchange)
    rondo_model(mutants/${mutant} lock ${mutant})
endforeach()
foreach(mutant IN ITEMS keeps_none keeps_one_always no_hand_on finish_keeps_called
        finish_does_not_wake finish_unlinks_last flush_submits_twice)
    rondo_model(mutants/${mutant} shard.2.run ${mutant})
endforeach()
rondo_model(mutants/no_room_made shard.2.refused no_room_made)
rondo_model(mutants/nudge_without_nop shard.2.both nudge_without_nop)
foreach(mutant IN ITEMS claim_without_exchange return_keeps_generation
        slot_taken_without_lock)
    rondo_model(mutants/${mutant} tickets.2 ${mutant})
endforeach()
foreach(scenario IN ITEMS 1.run 2.run 1.own 1.early 2.early 1.three)
    rondo_model(inbox.${scenario} inbox.${scenario})
endforeach()
foreach(mutant IN ITEMS close_does_not_wait close_drops close_without_exchange
        last_waker_does_not_tell mark_is_linked mark_unlooked mark_without_compare
        post_does_not_wake push_without_compare runs_the_last_one_first take_forgets_the_waker
        take_without_exchange unmark_without_compare wake_decided_before_push)
    rondo_model(mutants/inbox_${mutant} inbox.2.early ${mutant})
endforeach()

# Stops from other threads: by a token, and to a strand that runs on another loop.
foreach(scenario IN ITEMS any token outer)
    rondo_model(stop.${scenario} stop.1.${scenario})
endforeach()
foreach(mutant IN ITEMS arrival_does_not_go_on over_does_not_wait over_forgets_the_message
        over_while_starting_goes_on start_forgets_the_message stop_sent_unsaid)
    rondo_model(mutants/stop_${mutant} stop.1.any ${mutant})
endforeach()
foreach(mutant IN ITEMS arrival_does_not_stop closes_before_all_is_over registered_unlooked)
    rondo_model(mutants/stop_${mutant} stop.1.token ${mutant})
endforeach()
foreach(mutant IN ITEMS outer_stop_not_passed_on run_does_not_look_for_stops)
    rondo_model(mutants/stop_${mutant} stop.1.outer ${mutant})
endforeach()
rondo_model(away.on away.1.on)
foreach(scenario IN ITEMS any hangs)
    foreach(moves IN ITEMS 1 2 3)
        rondo_model(away.${moves}.${scenario} away.${moves}.${scenario})
    endforeach()
endforeach()
foreach(mutant IN ITEMS asks_what_is_over asks_without_the_lock end_forgets_the_stop
        ends_without_the_lock stop_arrived_tells_nobody stop_posted_after_the_lock)
    rondo_model(mutants/away_${mutant} away.1.on ${mutant})
endforeach()
foreach(mutant IN ITEMS moves_under_the_lock moves_with_a_stop_on_its_way
        stop_arrived_forgets_the_move)
    rondo_model(mutants/away_${mutant} away.2.any ${mutant})
endforeach()
