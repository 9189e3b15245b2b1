//! Faults of drivers that were met and measured, and what is done in their place.
//!
//! After wgpu-test's `FailureCase`: an entry says on which adapters it holds. A fault is listed once it was seen here
//! with a test or a measurement, not by hearsay, and leaves the table with the last driver that has it.

use serde::Serialize;

use crate::AdapterFacts;

/// A fault of a driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct KnownFault {
    /// Its name, the same in all versions.
    pub id: &'static str,
    /// What the driver does, in English.
    pub what: &'static str,
    /// The same in Chinese.
    pub what_zh: &'static str,
    /// What is done in its place, in English.
    pub instead: &'static str,
    /// The same in Chinese.
    pub instead_zh: &'static str,
    #[serde(skip)]
    holds: Case,
}

/// The adapters that have a fault; what is `None` matches all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Case {
    /// wgpu's name of the programming interface.
    backend: Option<&'static str>,
    /// Part of the adapter's name, in any case.
    name: Option<&'static str>,
    /// The driver's name, in any case.
    driver: Option<&'static str>,
    /// Major versions of the driver, first and last; a driver that does not say its version matches.
    versions: Option<[u32; 2]>,
}

impl Case {
    /// Mesa's software Vulkan, lavapipe; its adapters bear the name of the compiler behind it, llvmpipe.
    const LAVAPIPE: Self =
        Self { backend: Some("vulkan"), name: None, driver: Some("llvmpipe"), versions: None };

    fn matches(&self, facts: &AdapterFacts) -> bool {
        self.backend.is_none_or(|backend| facts.backend == backend)
            && self.name.is_none_or(|name| facts.name.to_lowercase().contains(&name.to_lowercase()))
            && self.driver.is_none_or(|driver| facts.driver.eq_ignore_ascii_case(driver))
            && self.versions.is_none_or(|[first, last]| {
                major_version(&facts.driver_info).is_none_or(|v| (first..=last).contains(&v))
            })
    }
}

/// The first whole number that a driver's version text has before a point: 22 of `Mesa 22.3.6 (LLVM 15.0.6)`.
fn major_version(text: &str) -> Option<u32> {
    let mut words = text.split(|c: char| !(c.is_ascii_digit() || c == '.'));
    words.find_map(|word| word.split_once('.')?.0.parse().ok())
}

/// All loops of an invocation end after 65,535 turns in sum.
pub const LOOP_TURNS: &str = "loop-turns-65535";
/// The filter of textures of two 8-bit channels errs.
pub const FILTER_RG8: &str = "filter-rg8-inexact";
/// A storage binding takes 128 MiB only.
pub const STORAGE_BINDING: &str = "storage-binding-128-mib";

/// What is drawn for both eyes at once lands in the first one's layer.
pub const MULTIVIEW_LAYERS: &str = "multiview-one-layer";

/// The march through three volumes at once ends the program; that through two is drawn.
pub const THREE_VOLUMES: &str = "three-volumes-crash";

/// The faults that are known.
pub const KNOWN_FAULTS: &[KnownFault] = &[
    KnownFault {
        id: LOOP_TURNS,
        what: "ends all loops of a shader's invocation after 65,535 turns in sum, without a word: the light of longer \
               paths would be lost",
        what_zh: "着色器每次调用的全部循环合计满 65,535 次后即无提示地终止：更长光路的光会丢失",
        instead: "path tracing bounds the collisions of one dispatch and goes on in the next",
        instead_zh: "路径追踪限制每次调度的碰撞次数，其余在下一次调度中继续",
        holds: Case::LAVAPIPE,
    },
    KnownFault {
        id: FILTER_RG8,
        what: "filters textures of two 8-bit channels so coarsely that a value put together from both errs by up to \
               245 HU",
        what_zh: "对双通道 8 位纹理的滤波精度不足，由两通道合成的值误差可达 245 HU",
        instead: "volumes are R16Unorm or R32Float; values to be measured are loaded as they are and never filtered",
        instead_zh: "体数据使用 R16Unorm 或 R32Float；用于测量的值按原值读取，从不滤波",
        holds: Case { versions: Some([22, 22]), ..Case::LAVAPIPE },
    },
    KnownFault {
        id: STORAGE_BINDING,
        what: "binds at most 128 MiB of a storage buffer, less than the voxels of a large scan",
        what_zh: "存储缓冲区每次最多绑定 128 MiB，小于大型扫描的体素数据",
        instead: "voxels are bound as textures, and buffers are made within the device's limit",
        instead_zh: "体素以纹理绑定，缓冲区按设备上限分配",
        holds: Case::LAVAPIPE,
    },
    KnownFault {
        id: THREE_VOLUMES,
        what: "ends the program while it makes ready the shader that marches through three volumes at once",
        what_zh: "准备同时穿行三个体数据的着色器时程序崩溃",
        instead: "three volumes are laid over one another; two are mixed at their depths",
        instead_zh: "三个体数据依次叠加；两个按深度混合",
        holds: Case { versions: Some([22, 22]), ..Case::LAVAPIPE },
    },
    KnownFault {
        id: MULTIVIEW_LAYERS,
        what: "draws what a pass draws for both eyes into the left eye's layer alone",
        what_zh: "一次绘制双眼时，两眼的内容都被画入左眼的图层",
        instead: "both eyes are drawn one after the other",
        instead_zh: "逐眼绘制",
        holds: Case { versions: Some([22, 22]), ..Case::LAVAPIPE },
    },
];

/// The known faults of an adapter.
pub(crate) fn of(facts: &AdapterFacts) -> Vec<KnownFault> {
    KNOWN_FAULTS.iter().filter(|fault| fault.holds.matches(facts)).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AdapterKind;

    fn facts(name: &str, driver: &str, driver_info: &str) -> AdapterFacts {
        AdapterFacts {
            name: name.to_owned(),
            backend: "vulkan".to_owned(),
            driver: driver.to_owned(),
            driver_info: driver_info.to_owned(),
            kind: AdapterKind::Unknown,
            software: false,
            largest_texture_3d: 2048,
            largest_buffer_bytes: 1 << 30,
            largest_storage_binding_bytes: 1 << 27,
            both_eyes_at_once: true,
            faults: Vec::new(),
        }
    }

    fn ids(facts: &AdapterFacts) -> Vec<&'static str> {
        of(facts).iter().map(|fault| fault.id).collect()
    }

    #[test]
    fn lavapipe_of_mesa_22_has_all_of_them_and_a_later_one_filters_well() {
        let old = facts("llvmpipe (LLVM 15.0.6, 256 bits)", "llvmpipe", "Mesa 22.3.6 (LLVM 15.0.6)");
        assert_eq!(ids(&old), [LOOP_TURNS, FILTER_RG8, STORAGE_BINDING, THREE_VOLUMES, MULTIVIEW_LAYERS]);
        let new = facts("llvmpipe (LLVM 19.1.7, 256 bits)", "llvmpipe", "Mesa 25.0.7 (LLVM 19.1.7)");
        assert_eq!(ids(&new), [LOOP_TURNS, STORAGE_BINDING]);
        let silent = facts("llvmpipe", "llvmpipe", "");
        assert_eq!(ids(&silent).len(), 5, "a version that is not told is taken for a faulty one");
    }

    #[test]
    fn a_card_and_another_interface_have_none() {
        assert!(ids(&facts("Card X", "NVIDIA", "550.54.14")).is_empty());
        assert!(ids(&facts("AMD Radeon", "radv", "Mesa 22.3.6")).is_empty(), "Mesa, but not its software");
        let other = AdapterFacts { backend: "gl".to_owned(), ..facts("llvmpipe", "llvmpipe", "22.3.6") };
        assert!(ids(&other).is_empty());
    }

    #[test]
    fn a_name_that_a_case_asks_for_may_stand_anywhere_in_any_case() {
        let case = Case { backend: None, name: Some("card x"), driver: None, versions: Some([2, 3]) };
        assert!(case.matches(&facts("The CARD X Pro", "", "3.1")));
        assert!(!case.matches(&facts("The CARD X Pro", "", "4.1")));
        assert!(!case.matches(&facts("Card Y", "", "3.1")));
    }

    #[test]
    fn versions_are_read_from_the_texts_of_drivers() {
        assert_eq!(major_version("Mesa 22.3.6 (LLVM 15.0.6)"), Some(22));
        assert_eq!(major_version("550.54.14"), Some(550));
        assert_eq!(major_version("none"), None);
    }

    #[test]
    fn each_fault_has_its_own_name_and_all_words() {
        for (n, fault) in KNOWN_FAULTS.iter().enumerate() {
            assert!(KNOWN_FAULTS[..n].iter().all(|f| f.id != fault.id), "{}", fault.id);
            for words in [fault.what, fault.what_zh, fault.instead, fault.instead_zh] {
                assert!(!words.is_empty(), "{}", fault.id);
            }
        }
    }
}
