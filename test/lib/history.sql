--
-- What rules know and have found, to compare ways of learning: live insertion, backfill, backtest.
--
-- Only of rules as they are: a rule that was dropped and made again has none of the old one's detections.
--
create schema history;
create view history.detection as
    select r.name as rule, d.entity, d.term, d.first_seen, d.suppression
    from newterm.detection_log d
    join newterm.rule_versions v on v.id = d.version_id
    join newterm.rules r on r.id = v.rule_id and r.version = v.version
    where d.status = 'live';
create view history.run as
    select b.rule, b.entity, b.term, b.first_seen, b.last_seen,
        case when b.learned then 'learned' when d.suppression is not null then 'muted' when d.rule is not null then 'detection' end as status, d.suppression
    from newterm.baseline b
    left join history.detection d on not b.learned and (d.rule, d.entity, d.term, d.first_seen) = (b.rule, b.entity, b.term, b.first_seen);
-- the columns of newterm.backtest() that follow from the events
create view history.outcome as
    select rule, entity, term, first_seen, status, suppression from history.run;
-- all that is stored: runs, clocks, detections
create view history.state as
    select 'run' as what, rule, entity, term, first_seen, last_seen, status, suppression from history.run
    union all
    select 'clock', rule, entity, null, learning_from, learning_until, null, null from newterm.clocks
    union all
    select 'detection', rule, entity, term, first_seen, null, null, suppression from history.detection;
