//! `usage_request`, `usage_reply` (control): what the kernel uses of the machine. Not in the specification; ipykernel
//! answers it, and jupyter-resource-usage asks for it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How much do you use?
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageRequest {}

/// What is known; what cannot be measured is absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename = "ok")]
pub struct UsageReply {
    /// The machine's name.
    pub hostname: String,
    /// The kernel's process id.
    pub pid: u32,
    /// How many processors there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_count: Option<usize>,
    /// Processor time of the kernel and its children, in percent of one processor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel_cpu: Option<f64>,
    /// Memory of the kernel and its children, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel_memory: Option<u64>,
    /// Processor time of the whole machine, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_cpu_percent: Option<f64>,
    /// The machine's memory: `total`, `available`, `percent`, `used`, `free`, ... in bytes.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub host_virtual_memory: Map<String, Value>,
}
