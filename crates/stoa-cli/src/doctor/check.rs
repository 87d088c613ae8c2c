//! What is checked, whose it is, and where it is explained.

use std::fmt;

macro_rules! checks {
    ($($(#[doc = $doc:literal])+ $check:ident = $code:literal, $whose:literal;)+) => {
        /// One check.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Check {
            $($(#[doc = $doc])+ $check,)+
        }

        impl Check {
            /// Every check, in the order of `docs/runbook/doctor.md`.
            pub(crate) const ALL: &[Self] = &[$(Self::$check,)+];

            /// Its name, as it is printed.
            pub(crate) const fn code(self) -> &'static str {
                match self {
                    $(Self::$check => $code,)+
                }
            }

            /// Who can put it right.
            pub(crate) const fn whose(self) -> &'static str {
                match self {
                    $(Self::$check => $whose,)+
                }
            }
        }
    };
}

checks! {
    /// The name of the public host leads nowhere.
    HostUnresolved = "host_unresolved", "on-call";
    /// Browsers do not accept the certificate of the public host, or soon will not.
    HostCertificate = "host_certificate", "on-call";
    /// The public host does not answer with the page at `/login`.
    HostUnreachable = "host_unreachable", "on-call";
    /// The clock of this machine or of the host is wrong.
    HostClock = "host_clock", "on-call";
    /// A deployment is under way, or stopped half way.
    TrafficShared = "traffic_shared", "on-call";
    /// Few functions may run at once in the account.
    ConcurrencyLow = "concurrency_low", "on-call";
    /// A function that starts by itself does not.
    ScheduleOff = "schedule_off", "on-call";
    /// A run could not be started.
    RunsFailed = "runs_failed", "on-call";
    /// Lines of a log are kept for ever, or nowhere.
    LogRetention = "log_retention", "on-call";
    /// Nobody records what is changed in the account.
    TrailOff = "trail_off", "on-call";
    /// Nobody would hear of an alarm.
    AlarmsUnheard = "alarms_unheard", "on-call";
    /// The function `operator` does not answer.
    OperatorSilent = "operator_silent", "on-call";
    /// The probe has not signed in for a while.
    ProbeSilent = "probe_silent", "on-call";
    /// A secret that something needs is not there.
    SecretMissing = "secret_missing", "on-call";
    /// A secret is nobody's.
    SecretUnowned = "secret_unowned", "on-call";
    /// A client secret expires soon, or has expired.
    SecretExpiring = "secret_expiring", "on-call, with the customer";
    /// A stored connection does not hold together.
    ConnectionBroken = "connection_broken", "on-call";
    /// A connection leads to a school that is not stored.
    SchoolMissing = "school_missing", "on-call";
    /// A school does not take its key.
    SchoolRefuses = "school_refuses", "on-call, with the school";
    /// A school's Admin API does not answer as it should.
    SchoolSilent = "school_silent", "on-call";
    /// A school does not tell everything that it is asked to.
    WebhooksBroken = "webhooks_broken", "on-call";
    /// Nobody has looked at a school's accounts.
    MirrorOld = "mirror_old", "on-call";
    /// A school's settings do not go with what was found of it.
    SchoolUnfit = "school_unfit", "on-call";
    /// A domain of a connection is not claimed by its customer.
    ClaimMissing = "claim_missing", "on-call";
    /// A domain does not lead to the connection from `/login`.
    LeadMissing = "lead_missing", "on-call";
    /// The identity provider changed something that only a person may accept.
    TrustHeld = "trust_held", "on-call, with the customer";
    /// A new key waits to be trusted.
    KeyWaiting = "key_waiting", "on-call, with the customer";
    /// What the identity provider publishes cannot be read.
    TrustUnreadable = "trust_unreadable", "the customer";
    /// The last key expires soon, or has expired.
    KeyExpiring = "key_expiring", "the customer";
    /// The last certificate of a setting of the connection's file expires soon, or has expired.
    OwnKeyExpiring = "own_key_expiring", "on-call, with the customer";
    /// Nobody has looked at what identity providers publish.
    TrustUnseen = "trust_unseen", "on-call";
    /// A SCIM client has no token that counts.
    ScimTokenMissing = "scim_token_missing", "on-call, with the customer";
    /// The last token of a SCIM client expires soon.
    ScimTokenExpiring = "scim_token_expiring", "on-call, with the customer";
    /// A SCIM client has not come for a day.
    ScimSilent = "scim_silent", "the customer";
    /// A directory at WorkOS is not asked, or does not answer.
    WorkosSilent = "workos_silent", "on-call";
    /// A directory at WorkOS is not connected with the identity provider.
    WorkosUnlinked = "workos_unlinked", "the customer";
    /// What happens in a directory at WorkOS does not come by webhook.
    WorkosUnheard = "workos_unheard", "on-call";
    /// Whoever has left comes in by a connection that does not ask the directory.
    DirectoryUnasked = "directory_unasked", "on-call";
    /// Nobody gets in through a connection.
    LoginsFailing = "logins_failing", "as the trace says";
    /// Nobody is named who could be called.
    ContactMissing = "contact_missing", "on-call";
    /// Something could not be looked at.
    NotChecked = "not_checked", "on-call";
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}
