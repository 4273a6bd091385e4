//! `cargo xtask soak`: random schedules of faults, each followed by a quiet phase in which the ring must
//! agree, on all cores, for as long as asked; or one schedule again, with a drawing of it.

use std::hash::{BuildHasher, RandomState};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};
use ringleader_shared::Safety;
use ringleader_simulator::{Case, World, random, trace};

use ringleader_testing::cases::{DEATHS, EVERYTHING, Faults, QUORUM, SETTINGS, cases};

const HELP: &str = "\
cargo xtask soak --minutes N [--seed S]   random schedules for N minutes, on all cores
cargo xtask soak --replay 'CASE'          one schedule again, drawn in space and time";

/// Time between two lines of progress.
const REPORT_EVERY: Duration = Duration::from_secs(10);

/// The cases that are played in turn.
const KINDS: [(&str, Faults, Safety); 8] = [
    ("deaths", DEATHS, Safety::Available),
    ("deaths, bad links and clocks", Faults { disturbances: true, drift: true, ..DEATHS }, Safety::Available),
    ("everything", EVERYTHING, Safety::Available),
    ("everything, in quorum mode", QUORUM, Safety::Quorum),
    ("everything, all elections", Faults { algorithms: true, ..EVERYTHING }, Safety::Available),
    ("the same in quorum mode", Faults { algorithms: true, ..QUORUM }, Safety::Quorum),
    ("everything, all settings", Faults { algorithms: true, ..SETTINGS }, Safety::Available),
    ("the same in quorum mode", Faults { algorithms: true, settings: true, ..QUORUM }, Safety::Quorum),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (minutes, seed) = match arguments.as_slice() {
        ["--replay", case] => return replay(case),
        ["--minutes", minutes] => (minutes.parse(), Ok(fresh_seed())),
        ["--minutes", minutes, "--seed", seed] => (minutes.parse(), seed.parse()),
        _ => {
            println!("{HELP}");
            return ExitCode::FAILURE;
        }
    };
    let (Ok(minutes), Ok(seed)) = (minutes, seed) else {
        println!("minutes and seeds are numbers\n{HELP}");
        return ExitCode::FAILURE;
    };
    soak(minutes, seed)
}

/// Another one in each run: the standard library's maps are seeded by the operating system.
fn fresh_seed() -> u64 {
    RandomState::new().hash_one(0) % 1_000_000
}

fn replay(text: &str) -> ExitCode {
    let case: Case = match text.parse() {
        Ok(case) => case,
        Err(error) => {
            println!("{error}");
            return ExitCode::FAILURE;
        }
    };
    println!("trace hash {:016x}", case.fingerprint());
    if let Some(failure) = case.failure() {
        println!("{failure}");
        return ExitCode::FAILURE;
    }
    let mut world = World::reporting(case.setup.clone());
    let _ = world.play(&case.schedule, |_| Ok::<(), ()>(()));
    world.run_for(Duration::from_secs(2));
    println!("{}nothing is wrong with it", trace::draw(world.events()));
    ExitCode::SUCCESS
}

/// The work of all cores together.
#[derive(Default)]
struct Done {
    schedules: AtomicU64,
    steps: AtomicU64,
    messages: AtomicU64,
    /// In virtual milliseconds.
    slowest_to_settle: AtomicU64,
    failure: Mutex<Option<Case>>,
    stop: AtomicBool,
}

fn soak(minutes: f64, seed: u64) -> ExitCode {
    let threads = u64::try_from(std::thread::available_parallelism().map_or(1, usize::from)).unwrap_or(1);
    let began = Instant::now();
    let until = began + Duration::from_secs_f64((minutes * 60.0).clamp(0.0, 1e7));
    println!("seed {seed}, {threads} cores, {minutes} minutes");
    let done = Done::default();
    std::thread::scope(|scope| {
        let done = &done;
        let workers: Vec<_> = (0..threads)
            .map(|thread| scope.spawn(move || work(random::derived(seed, thread), until, done)))
            .collect();
        let mut last = Instant::now();
        while !workers.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            std::thread::sleep(Duration::from_millis(100));
            if last.elapsed() >= REPORT_EVERY {
                last = Instant::now();
                report(done, began, threads);
            }
        }
    });
    report(&done, began, threads);
    let failure = done.failure.lock().ok().and_then(|mut failure| failure.take());
    let Some(case) = failure else { return ExitCode::SUCCESS };
    println!("{}", case.failure().unwrap_or_else(|| format!("it failed once, but not again: {case}")));
    ExitCode::FAILURE
}

fn report(done: &Done, began: Instant, threads: u64) {
    let schedules = done.schedules.load(Ordering::Relaxed);
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{seconds:>7.1} s  {schedules} schedules, {:.0} a second ({:.0} a core), {:.2} M steps and {:.2} M messages a \
         second; slowest to agree: {} virtual ms",
        schedules as f64 / seconds,
        schedules as f64 / seconds / threads as f64,
        done.steps.load(Ordering::Relaxed) as f64 / seconds / 1e6,
        done.messages.load(Ordering::Relaxed) as f64 / seconds / 1e6,
        done.slowest_to_settle.load(Ordering::Relaxed)
    );
}

fn work(seed: u64, until: Instant, done: &Done) {
    let config = Config { max_shrink_iters: 20_000, rng_seed: RngSeed::Fixed(seed), ..Config::default() };
    let mut runner = TestRunner::new(config);
    let kinds = KINDS.map(|(_, faults, safety)| cases(faults, safety));
    for strategy in kinds.iter().cycle() {
        if Instant::now() >= until || done.stop.load(Ordering::Relaxed) {
            return;
        }
        let Ok(tree) = strategy.new_tree(&mut runner) else { return };
        if play(&tree.current(), done) {
            continue;
        }
        done.stop.store(true, Ordering::Relaxed);
        let smallest = runner.run_one(tree, |case| {
            case.check().map(drop).map_err(|violation| TestCaseError::fail(violation.to_string()))
        });
        if let (Err(TestError::Fail(_, case)), Ok(mut failure)) = (smallest, done.failure.lock()) {
            *failure = Some(case);
        }
        return;
    }
}

fn play(case: &Case, done: &Done) -> bool {
    let Ok(played) = case.check() else { return false };
    let settled = u64::try_from(played.settled_after.as_millis()).unwrap_or(u64::MAX);
    let cost = played.world.cost();
    done.schedules.fetch_add(1, Ordering::Relaxed);
    done.steps.fetch_add(cost.steps, Ordering::Relaxed);
    done.messages.fetch_add(cost.messages, Ordering::Relaxed);
    done.slowest_to_settle.fetch_max(settled, Ordering::Relaxed);
    true
}
