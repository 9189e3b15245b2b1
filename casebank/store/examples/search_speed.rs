//! Makes a bank of cases with generated Chinese names and times searches in it.
//!
//! `cargo run --release -p casebank_store --example search_speed -- [CASES]`
#![expect(clippy::print_stdout, reason = "that is what it is for")]

use std::time::Instant;

use casebank_case::{Actor, CaseId, Command, Journal, PatientInfo, Phi};
use casebank_store::Bank;

const SURNAMES: &[&str] = &[
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何",
    "郭", "马", "罗", "梁", "宋", "郑", "谢", "韩", "唐", "冯", "于", "董", "萧", "程", "曹", "袁", "邓",
    "许", "傅", "沈", "曾", "彭", "吕", "欧阳", "单", "解", "仇",
];
const GIVEN: &str = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂兰小东文建国华志红玉春梅晓雪海燕鹏飞宇浩然子轩思雨佳怡東曉麗國華";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cases: usize = std::env::args().nth(1).map_or(Ok(10_000), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let bank = Bank::open(folder.path())?;
    let (me, now) = (Actor::new("speed")?, time::OffsetDateTime::now_utc());
    let given: Vec<char> = GIVEN.chars().collect();
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut roll = |below: usize| {
        seed = seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (seed >> 33) as usize % below
    };
    let start = Instant::now();
    let mut names = Vec::new();
    for n in 0..cases {
        let surname = SURNAMES[roll(SURNAMES.len())];
        let name = format!("{surname}^{}{}", given[roll(given.len())], given[roll(given.len())]);
        let patient = PatientInfo { name: name.clone(), id: format!("P{n:06}"), ..PatientInfo::default() };
        let mut journal = Journal::new(CaseId::random());
        journal.apply(Command::Rename { title: Phi::new(format!("胸部 CT {n}")) }, &me, now)?;
        journal.apply(Command::SetPatient { patient: Phi::new(patient) }, &me, now)?;
        bank.create_case(&journal, &me)?;
        names.push(name.replace('^', ""));
    }
    println!("{cases} cases made in {:.1} s", start.elapsed().as_secs_f64());
    let mut times = Vec::new();
    let mut hits = 0;
    for n in 0..500 {
        let name = &names[roll(names.len())];
        let typed = match n % 4 {
            0 => name.clone(),
            1 => name.chars().take(1).collect(),
            2 => ["wxd", "wangxiaodong", "zhang", "lw", "chen jie"][roll(5)].to_owned(),
            _ => format!("P{:06}", roll(cases)),
        };
        let start = Instant::now();
        hits += bank.search(&typed)?.len();
        times.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!(
        "500 searches, {hits} found: median {:.1} ms, p95 {:.1} ms, worst {:.1} ms",
        at(0.5),
        at(0.95),
        at(1.0)
    );
    let start = Instant::now();
    drop(bank);
    Bank::open(folder.path())?;
    println!("opened again in {:.2} s", start.elapsed().as_secs_f64());
    Ok(())
}
