//! Whether this host can take an offered pane, judged before anything is touched on either side.

use super::places::amount;
use super::{places, trouble};
use crate::checkpoint::model::Cpu;
use crate::checkpoint::native::fitness;
use crate::checkpoint::store::FileStore;
use crate::checkpoint::{Ability, Capabilities, Tier};
use crate::ids::{Epoch, HostName, LifeId};
use crate::protocol::keeper::Trouble;
use crate::protocol::migration::{Accept, Offer, OfferedFile};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// What of this keeper the judgement needs.
#[derive(Debug, Clone)]
pub struct Here {
    /// The pane this keeper was started for.
    pub life: LifeId,
    /// The epoch it was started for.
    pub epoch: Epoch,
    /// This host, as it names itself.
    pub host: HostName,
    /// Our user name.
    pub user: String,
    /// Where files that travelled are kept.
    pub cache: PathBuf,
}

/// Judges an offer.
pub fn consider(offer: &Offer, here: &Here, able: &Capabilities) -> Result<Accept, Trouble> {
    if offer.life != here.life || offer.epoch.next() != here.epoch {
        return Err(trouble(6, "other-pane", "The offer is not of the pane this keeper was started for"));
    }
    if offer.user != here.user {
        let cause = format!("The pane is {}'s, on {} you are {}", offer.user, here.host, here.user);
        return Err(trouble(3, "other-user", cause));
    }
    if let Ability::No(why) = &able.restore {
        return Err(trouble(3, "cannot-restore", format!("{} cannot bring panes to life: {why}", here.host)));
    }
    check_machine(offer, here, able)?;
    if let Some(free) = available_memory()
        && free < offer.memory_bytes
    {
        let (free, needed) = (amount(free), amount(offer.memory_bytes));
        let mut why = trouble(3, "memory", format!("{} has {free} free, this needs {needed}", here.host));
        why.cure = "End something there, or take another host".into();
        return Err(why);
    }
    let store = FileStore::open(&here.cache)
        .map_err(|e| trouble(3, "cache", format!("{} cannot keep files: {e}", here.host)))?;
    let carry = places::check(offer, &here.host, &store)?;
    let have =
        |f: &OfferedFile| store.find(Path::new(std::ffi::OsStr::from_bytes(&f.path)), &f.hash).is_some();
    let mut lacking: Vec<[u8; 32]> = offer.mapped.iter().filter(|f| !have(f)).map(|f| f.hash).collect();
    lacking.sort_unstable();
    lacking.dedup();
    Ok(Accept {
        qmux: env!("CARGO_PKG_VERSION").into(),
        host: here.host.clone(),
        lacking,
        memory_ahead: true,
        tier: able.tier.map(Tier::word).unwrap_or_default().into(),
        warnings: carry
            .iter()
            .map(|place| places::comes_along(place, &here.host))
            .chain(able.tier.and_then(|tier| note_of_tier(tier, &here.host)))
            .collect(),
        carry: carry.iter().map(|place| place.path.clone().into()).collect(),
    })
}

/// What whoever brings a tree to life should know of how it is done on `host`.
pub(super) fn note_of_tier(tier: Tier, host: &HostName) -> Option<String> {
    match tier {
        Tier::Root => None,
        Tier::User => Some("Programs that change the user (sudo, su) will not work in it there.".into()),
        Tier::FileCapability => Some(format!(
            "There are no user namespaces for you on {host}, so it takes qmux's file capability: its process \
             numbers must be free there, and it sees {host}'s own name and clocks."
        )),
    }
}

fn check_machine(offer: &Offer, here: &Here, able: &Capabilities) -> Result<(), Trouble> {
    let afresh = format!("Start it there afresh: `qmux new-window --on {} -c DIR`", here.host);
    let refuse = |code: &str, cause: String| {
        let mut why = trouble(3, code, cause);
        why.cure = afresh.clone();
        Err(why)
    };
    if offer.arch != able.arch {
        return refuse(
            "architecture",
            format!("{} is {}, the program is {}", here.host, able.arch, offer.arch),
        );
    }
    let Some(cpu) = &able.cpu else { return Ok(()) };
    let there =
        Cpu { xfeatures: offer.xfeatures, xsave_size: offer.xsave_size, flags: offer.cpu_flags.clone() };
    if let Err(why) = fitness::cpu(&there, cpu) {
        return refuse("cpu-feature", format!("{}: {why}", here.host));
    }
    let lacks = offer.xfeatures & !cpu.xfeatures;
    if lacks != 0 {
        return refuse("cpu-feature", format!("the CPU of {} lacks register sets ({lacks:#x})", here.host));
    }
    Ok(())
}

/// `MemAvailable` of /proc/meminfo, in bytes.
fn available_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|l| l.strip_prefix("MemAvailable:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? << 10)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::checkpoint::model::Cpu;

    pub fn offer() -> Offer {
        Offer {
            qmux: "0".into(),
            life: LifeId(1, 2),
            epoch: Epoch(3),
            from: HostName("a".into()),
            user: "ana".into(),
            engine: "native".into(),
            features: vec![],
            arch: "x86_64".into(),
            kernel: "6".into(),
            cpu_flags: vec!["avx".into()],
            xfeatures: 7,
            xsave_size: 832,
            title: "vi".into(),
            processes: 1,
            memory_bytes: 1 << 20,
            mapped: vec![],
            places: vec![],
            with_files: false,
            dry_run: false,
        }
    }

    fn here() -> Here {
        Here {
            life: LifeId(1, 2),
            epoch: Epoch(4),
            host: HostName("b".into()),
            user: "ana".into(),
            cache: std::env::temp_dir().join(format!("qmux-consider-{}", std::process::id())),
        }
    }

    fn able() -> Capabilities {
        let cpu = Cpu { xfeatures: 7, xsave_size: 832, flags: vec!["avx".into(), "sse".into()] };
        Capabilities { arch: "x86_64".into(), cpu: Some(cpu), ..Capabilities::default() }
    }

    #[test]
    fn what_fits_is_taken_and_what_is_lacking_is_named() {
        let exe = std::env::current_exe().unwrap();
        let have = OfferedFile {
            path: exe.as_os_str().as_bytes().to_vec(),
            hash: *blake3::hash(&std::fs::read(&exe).unwrap()).as_bytes(),
            size: std::fs::metadata(&exe).unwrap().len(),
        };
        let other = OfferedFile { hash: [9; 32], ..have.clone() };
        let offer = Offer { mapped: vec![have, other.clone(), other], ..offer() };
        assert_eq!(consider(&offer, &here(), &able()).unwrap().lacking, [[9; 32]]);
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_reason() {
        let refused =
            |offer: Offer, here: Here, able: Capabilities| consider(&offer, &here, &able).unwrap_err().code;
        let (o, h, a) = (offer, here, able);
        assert_eq!(refused(Offer { epoch: Epoch(4), ..o() }, h(), a()), "other-pane");
        assert_eq!(refused(Offer { user: "eve".into(), ..o() }, h(), a()), "other-user");
        assert_eq!(refused(Offer { xsave_size: 2696, ..o() }, h(), a()), "cpu-feature");
        assert_eq!(refused(Offer { arch: "aarch64".into(), ..o() }, h(), a()), "architecture");
        assert_eq!(refused(Offer { cpu_flags: vec!["avx512f".into()], ..o() }, h(), a()), "cpu-feature");
        assert_eq!(refused(Offer { xfeatures: 15, ..o() }, h(), a()), "cpu-feature");
        assert_eq!(refused(Offer { memory_bytes: 1 << 60, ..o() }, h(), a()), "memory");
        let why = |offer, able| consider(&offer, &h(), &able).unwrap_err();
        let said = why(Offer { memory_bytes: 2_100_000_000_000_000, ..o() }, a());
        assert!(
            said.cause.starts_with("b has ") && said.cause.ends_with("this needs 2100000.0 GB"),
            "{said:?}"
        );
        assert!(said.class == 3 && !said.cure.is_empty());
        for said in [
            why(Offer { arch: "aarch64".into(), ..o() }, a()),
            why(Offer { cpu_flags: vec!["avx512f".into()], ..o() }, a()),
        ] {
            assert!(said.cause.contains("aarch64") || said.cause.contains("lacks avx512f"), "{said:?}");
            assert!(said.class == 3 && said.cure.contains("`qmux new-window --on b -c DIR`"), "{said:?}");
        }
        let unable = Capabilities { restore: Ability::No("no namespaces".into()), ..a() };
        assert_eq!(refused(o(), h(), unable), "cannot-restore");
    }
}
