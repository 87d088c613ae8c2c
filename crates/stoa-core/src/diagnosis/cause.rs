//! The register of causes: whom each concerns, who acts, what the repair is and what it must not harm.
//!
//! Texts are for whoever is on call. `{id}`, `{school}`, `{version}`, `{fingerprint}` and `{secret}` stand for what the
//! evidence names; ADDRESS and FILE are for the reader to fill in. What stands between backticks and begins with `stoa `
//! is a command, and a test runs each of them.

use crate::fault::Actor;

/// Where a cause sits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seat {
    /// In stoa: its settings, its secrets, its build, its AWS.
    Ours,
    /// At the customer's identity provider.
    Provider,
    /// At the school.
    School,
    /// In one person's record at the customer or in the directory.
    Record,
    /// In a browser.
    Browser,
}

/// How many it stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// One person or one login; others get in.
    One,
    /// Everybody through the connection, from one moment on.
    All,
    /// One or all: the number does not tell.
    Either,
}

/// A row of the register.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// A stable name.
    pub code: &'static str,
    /// Where it sits.
    pub seat: Seat,
    /// How many it stops.
    pub spread: Spread,
    /// Who acts.
    pub actor: Actor,
    /// The cause in one sentence.
    pub title: &'static str,
    /// What shows that it is this one and none that looks like it.
    pub test: &'static str,
    /// What whoever acts does.
    pub repair: &'static str,
    /// What the repair must not harm.
    pub spare: &'static str,
    /// When not to do it.
    pub unless: &'static str,
}

macro_rules! causes {
    ($($cause:ident = $code:literal: $seat:ident $spread:ident $actor:ident
        title $title:literal test $test:literal repair $repair:literal spare $spare:literal unless $unless:literal;)+) => {
        /// Why a login fails.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Cause {
            $(#[doc = $title] $cause,)+
        }

        impl Cause {
            /// Every cause, in the order of the register.
            pub const ALL: &[Self] = &[$(Self::$cause,)+];

            /// Its row.
            pub const fn row(self) -> Row {
                use Actor::{IdpAdministrator as Idp, OnCall, Person, SchoolAdministrator as SchoolAdmin};
                match self {
                    $(Self::$cause => Row {
                        code: $code,
                        seat: Seat::$seat,
                        spread: Spread::$spread,
                        actor: $actor,
                        title: $title,
                        test: $test,
                        repair: $repair,
                        spare: $spare,
                        unless: $unless,
                    },)+
                }
            }
        }
    };
}

causes! {
    // In stoa: what somebody changed.
    OurSetting = "our_setting": Ours Either OnCall
        title "A change of the connection's own file took away what worked before."
        test "`stoa connection history {id}` shows the change shortly before the first failure; logins under the previous version worked."
        repair "Ask whoever made the change what it was for, then go back: `stoa connection rollback {id} {version} --reason \"undo a change that locks people out\"`. Correct the file in its repository too, or the next apply brings the change back."
        spare "What the change was meant to do for others: apply it again without the part that locks people out."
        unless "The customer asked for the change, and those who are refused now are meant to be.";
    OurState = "our_state": Ours All OnCall
        title "The connection is not open: somebody closed it, or it was never opened."
        test "`stoa connection list` shows its state; `stoa connection history {id}` shows who set it and why."
        repair "Read the reason in the history. If it no longer holds: `stoa connection activate {id} --reason \"the reason for closing no longer holds\"`. If it was never opened, it opens only after a test login."
        spare "Whoever was to be kept out. Opening lets everybody of the customer in at once."
        unless "It was closed for a security incident, or at the customer's wish: ask whoever closed it first.";
    OurTrust = "our_trust": Ours All OnCall
        title "The key that the identity provider signs with was removed from what the connection trusts, while it is still in use."
        test "`stoa connection trust {id}` shows who removed it, when and why; the identity provider still publishes it."
        repair "Ask whoever removed it. If it was a mistake: `stoa connection trust {id} approve {fingerprint} --reason \"removed by mistake; their administrator confirmed the fingerprint\"`."
        spare "If the key was removed because it was stolen, trusting it again lets the thief in as anybody."
        unless "The reason in the history speaks of a leak, or nobody can be asked: close the connection instead.";
    OurSecret = "our_secret": Ours All OnCall
        title "The client secret that is stored here was replaced, and the provider does not take the new one."
        test "The secret was written shortly before the first failure. If it had expired at the provider, it would be as old as the application."
        repair "Get the current client secret from their administrator and store it: `stoa secret put {secret} < FILE`."
        spare "The old value cannot be read back; a second wrong one changes nothing for anybody."
        unless "Their administrator has just made a new one that becomes valid later: wait until then.";
    SecretElsewhere = "secret_elsewhere": Ours All OnCall
        title "The new client secret was stored under another connection's name."
        test "Another connection's secret was written when this one should have been, and that connection fails since, or soon will."
        repair "Store the value under the right name, `stoa secret put {secret} < FILE`, then put the other connection's own secret back the same way."
        spare "The connection whose secret was overwritten: it is locked out as well until its own is back."
        unless "The other secret was really due: ask whoever wrote it.";
    OurSchoolKey = "our_school_key": Ours All OnCall
        title "The school's API key that is stored here was replaced, and Thinkific does not take the new one."
        test "The stored key was written shortly before the first failure. A key that was renewed in Thinkific leaves the stored one as old as it was."
        repair "The school's administrator reads the key in Thinkific (*Settings*, *Code & analytics*, *API*); store it: `stoa secret put {secret} < FILE`."
        spare "Every connection of the school uses the same key."
        unless "Somebody is replacing it right now.";
    OurSchoolFile = "our_school_file": Ours All OnCall
        title "The school's file was changed here, and its addresses or subdomain lead to nothing."
        test "The school was written shortly before the first failure, and its addresses answer with something that is not Thinkific's."
        repair "Correct `base_url`, `api_url` and `subdomain` in the school's file, and apply it: `stoa connection apply FILE`."
        spare "Every connection of the school leads there."
        unless "The school is moving, and the new address is about to work.";
    OurSeal = "our_seal": Ours All OnCall
        title "The seal secret was replaced without keeping the old one, so logins between the response and the launch fail."
        test "The secret `seal` was written within the hour before the failure. Each process holds the one that it has for up to an hour, so some logins fail and others get in."
        repair "Store a set that has the old key as well (`docs/data.md`, Secrets): launches read it within a minute. If nobody has the old key, deploy again, so that no process holds another one; or wait for the hour to pass."
        spare "Replacing it again breaks the logins that are under way now."
        unless "It goes on for more than an hour after the secret was written: then it is something else.";
    OurBuild = "our_build": Ours All OnCall
        title "It began with a new build of stoa."
        test "The first failure is the first login by the new build, and nothing else changed."
        repair "Go back to the previous release (`docs/runbook/alarms/FunctionErrors.md`), then say what failed in its issue."
        spare "Items that the new build wrote: the build before it reads them too, unless UPGRADE.md says otherwise."
        unless "Logins by the new build got in as well: then it is something else.";
    SecretAbsent = "secret_absent": Ours All OnCall
        title "A secret that this step needs was never stored, or was deleted."
        test "Secrets Manager has no secret of the name that the step wanted."
        repair "Store it: `stoa secret put {secret} < FILE`. A deleted one can be restored for a while (`docs/runbook/faults/secret_broken.md`)."
        spare "Never store a new pepper instead of a deleted one: every person would be a stranger."
        unless "The name belongs to a connection that is closed for good.";
    SecretMalformed = "secret_malformed": Ours All OnCall
        title "A stored secret is not of the form that stoa writes."
        test "Secrets Manager has the secret, and it was written by something other than `stoa secret put`."
        repair "Store the value again, by the command: `stoa secret put {secret} < FILE`."
        spare "If it is the seal or the pepper, restore the previous version instead of making a new value."
        unless "It is the pepper: see `docs/runbook/faults/secret_broken.md` first.";
    PermissionAbsent = "permission_absent": Ours All OnCall
        title "AWS refuses a function something that it needs."
        test "The same step fails for everybody; the log line names the call. The functions' roles are in template.yaml."
        repair "Deploy the release again, so that roles and functions agree; see who changed the roles in CloudTrail."
        spare "Do not widen a role by hand: what is not in the template is gone with the next deployment."
        unless "A service control policy of the account was changed on purpose: ask the account's owner.";
    AwsAway = "aws_away": Ours All OnCall
        title "DynamoDB or Secrets Manager did not answer."
        test "Several connections fail at the same time, and it ends by itself. AWS's health page for the region says more."
        repair "Wait and look again; people can try again at once. If it lasts, see `docs/runbook/faults/store_unavailable.md`."
        spare "Nothing is lost: each step is a conditional write that can be repeated."
        unless "It has been going on for more than ten minutes: then open a case with AWS.";
    ItemBroken = "item_broken": Ours Either OnCall
        title "A stored item is not of a form that this build reads."
        test "The step names the item. Others that are stored alike work; or all fail since a deployment, or since somebody wrote into the table by hand."
        repair "For a connection, `stoa connection history {id}` lists its versions; restore the last good one: `stoa connection rollback {id} {version} --reason \"the stored form is broken\"`. For anything else, see `docs/runbook/faults/store_item_strange.md`."
        spare "Do not edit the table by hand: what is written there is checked by nobody."
        unless "A deployment is under way: then wait for its end.";
    Defect = "defect": Ours Either OnCall
        title "stoa itself failed, or ran out of time."
        test "The log line of the request says what; the same request fails again."
        repair "Read the step's log line (command above) and the page of the fault; if it goes on, go back to the previous release."
        spare "Whoever gets in now should go on getting in: look at one function at a time."
        unless "It happened once, and the next try worked.";
    CallsOurs = "calls_ours": Ours Either OnCall
        title "stoa has spent the calls that it allows itself at this school in a minute."
        test "It happens in waves, when many people sign in for the first time. They wait in a line, and are refused only where that is longer than four hours."
        repair "Nothing for one wave: whoever waits gets in by themselves, and whoever was refused comes back in some hours. For a planned launch, create the accounts beforehand (`docs/runbook/morning.md`)."
        spare "The limit keeps the school's own integrations alive; raising it locks them out."
        unless "It happens every day: then look who fills the line (`docs/runbook/faults/calls_spent.md`).";

    // At the identity provider.
    KeyRotated = "key_rotated": Provider All OnCall
        title "The identity provider signs with a new key, which it publishes and stoa does not trust yet."
        test "Its published metadata or key set has a key that the connection does not trust, and everybody fails since one moment. A forged message is signed by a key that is published nowhere."
        repair "Compare the fingerprint {fingerprint} with their administrator, by phone. For SAML: `stoa connection trust {id} approve {fingerprint} --reason \"their administrator confirmed the fingerprint\"`. For a key set: `stoa connection trust {id} fetch`."
        spare "The keys that are trusted now stay; remove none until nobody signs with it."
        unless "Their administrator knows nothing of a new key: then somebody else has changed what they publish. Close the connection.";
    KeyUnpublished = "key_unpublished": Provider Either Idp
        title "The response was signed with a key that the identity provider does not publish: a forgery, or another of its environments."
        test "Others get in with the published keys, or the metadata is unchanged. A rotation would show a new key there, and would stop everybody."
        repair "In your log, look whether your identity provider sent this response at that time. If it did, have it sign with the key that you publish; if it did not, somebody tried to forge one."
        spare "Trust no key because a message names it: that is what a forger wants."
        unless "Never approve or add a key to make this fault go away.";
    KeyUnknownWhether = "key_rotated_or_foreign": Provider All Idp
        title "The response was signed with a key that the connection does not trust, and what is published cannot be looked at from here."
        test "Their administrator compares the fingerprint of the certificate that they sign with now with those of `stoa connection trust {id}`."
        repair "Send your current metadata file, and say when you changed the signing certificate. Compare its fingerprint with us by phone."
        spare "The keys that are trusted now stay until nobody signs with them."
        unless "The fingerprint was not confirmed by somebody at the customer whom you called yourself.";
    KeysUnfetched = "keys_unfetched": Provider All Idp
        title "The identity provider's key set cannot be fetched, and the token was signed with a key that is not in the stored one."
        test "The address of the key set does not answer from here either."
        repair "Make the key set available again at its published address, without a sign-in page or a firewall before it."
        spare "Nobody is let in on an unread key; the stored keys go on working for tokens that they signed."
        unless "It answers again now: then `stoa connection trust {id} fetch` is enough.";
    Altered = "altered": Provider One Idp
        title "What was signed was changed on its way, or is a forgery around a true signature."
        test "Others get in with the same key. If everybody fails like this, something between the browser and us rewrites messages."
        repair "Look whether your log has this response, and whether something rewrites pages on the person's way: a proxy, a browser extension."
        spare "Nothing is to be loosened here: a signature that does not fit is worth nothing."
        unless "Everybody fails: then ask for what changed in their network first.";
    SignedOtherwise = "signed_otherwise": Provider All Idp
        title "The identity provider signs or encrypts in another way than stoa accepts."
        test "The step names what was wanted and what came. If it worked before, their setting for this application changed."
        repair "In the application's settings for us, choose a signed response or assertion, RSA-SHA256, and the encryption that our guide names. It is printed by `stoa connection guide {id}`."
        spare "Other applications of the same identity provider: the setting is this application's alone."
        unless "One login only, while others get in: then treat it as a forgery.";
    ProviderClock = "provider_clock": Provider All Idp
        title "The identity provider's clock is wrong."
        test "The clock that its answers carry is far from ours, which AWS keeps. A response that was merely late leaves the clock right."
        repair "Set the clocks of your identity provider's servers (NTP), on every node."
        spare "Do not widen the accepted skew: old messages would be accepted from everybody."
        unless "Its clock has come right in the meantime.";
    AnswerLate = "answer_late": Browser One Person
        title "The response was old when it arrived: a page that was left open, a reload, or a copy."
        test "Others get in, and the identity provider's clock is right."
        repair "Start again from the course link, not from a bookmark or an open tab."
        spare "Nothing else is affected."
        unless "Several people report it: then look at the clock again.";
    Unsolicited = "unsolicited": Provider Either Idp
        title "The response answers no request of this browser: it was started at the identity provider, or belongs to another login."
        test "Others who start at our link get in. A portal tile that starts at the identity provider fails each time."
        repair "Let the tile in the portal open our link instead of starting there. The link is in our guide: `stoa connection guide {id}`."
        spare "Do not accept unsolicited responses to please a tile: they can be posted into anybody's browser."
        unless "It was one person once: then they had two tabs open.";
    SetOtherwise = "set_otherwise": Provider All Idp
        title "The application is set up at the identity provider with other values than ours: audience, address or recipient."
        test "The step names what we expect and what came. If others get in, there are two applications, or one of several nodes."
        repair "Correct the value that the step names in the settings of the application for us. Our guide has all of them: `stoa connection guide {id}`."
        spare "Other applications there that use our address."
        unless "What came is another connection's value: then the person opened the wrong application.";
    ProviderRenamed = "provider_renamed": Provider All OnCall
        title "The identity provider has another name (entity id or issuer) than the connection has, and publishes it so."
        test "Its published metadata or discovery document has the new name. A message of somebody else's has a name that is not published there."
        repair "Confirm with their administrator, change the name in the connection's file, and apply it: `stoa connection apply FILE`. Then let them test: `stoa connection test {id}`."
        spare "People keep their accounts only if the subjects stay the same: let one known person test first."
        unless "Their administrator knows nothing of it.";
    OtherProvider = "other_provider": Provider One Idp
        title "The response comes from another identity provider, tenant or application than the connection names."
        test "The step names what came. Others get in through the right one."
        repair "See through which application and tenant the person signed in, and give them the right link."
        spare "Do not add the other tenant: everybody in it would get in."
        unless "The customer has moved there altogether: then it is a new connection.";
    ClaimsNotSent = "claims_not_sent": Provider All Idp
        title "The identity provider no longer sends an attribute that stoa needs, for anybody."
        test "Everybody fails since one moment, and nothing changed here. If others get in, only one record lacks the value."
        repair "Release the attribute that is named in the step to this application again, under exactly that name."
        spare "Do not map another attribute to it here: the subject must stay the same for each person."
        unless "The attribute came under a new name at the customer's wish: then the connection's file follows.";
    RecordLacks = "record_lacks": Record One Idp
        title "This person's record at the customer lacks a value that the others have, or has it in a form that cannot be used."
        test "Others get in through the same connection since. If everybody failed, the attribute would not be sent at all."
        repair "Fill in the value in this person's record; the step names the attribute. Then the person tries again."
        spare "The person's subject, which names their account, must not change."
        unless "It is no person but a shared mailbox or a service account.";
    ForeignDomain = "foreign_domain": Record One Idp
        title "This person's email address is of a domain that the customer has not claimed."
        test "Others get in. If several people with the same domain fail, the customer has a domain that the connection does not name."
        repair "Correct the address in the person's record, or tell us that the domain is yours."
        spare "Do not add a domain that is not proven to be the customer's: its other owners could be impersonated."
        unless "It is a partner or a contractor who is not to get in.";
    DomainUnclaimed = "domain_unclaimed": Ours Either OnCall
        title "The customer has a mail domain that the connection does not name."
        test "Several people with the same domain fail, and it never worked for it."
        repair "Let the customer confirm in writing that the domain is theirs, add it to `domains` in the connection's file, and apply it: `stoa connection apply FILE`."
        spare "Another customer's people with that domain: apply refuses a domain that somebody has claimed."
        unless "It is a public mail provider's, or a partner company's.";
    NotInGroup = "not_in_group": Record One Idp
        title "The person is in none of the groups that may enter."
        test "Others get in since. If everybody fails since one moment, the group itself has changed."
        repair "Add the person to one of the groups that the step names, if they are to get in."
        spare "Nobody else is affected."
        unless "They are not meant to have access.";
    GroupRemade = "group_remade": Provider All Idp
        title "The group that may enter was made again or renamed: it looks the same and is another one."
        test "Everybody fails since one moment, groups do arrive, and nothing changed here. Some products send a group's id, which is new for a group of the same name."
        repair "Send us the id or name of the group as it arrives now; a test link shows it. The link is made by `stoa connection test {id}`; then `admit.groups` in the connection's file gets the new value."
        spare "Keep the old value beside the new one until everybody is in the new group."
        unless "The group was deleted to end the access.";
    GroupsNotSent = "groups_not_sent": Provider Either Idp
        title "The identity provider does not send the groups."
        test "The step says that the attribute was not sent. Somebody outside the groups would have sent others."
        repair "Release the groups to this application, under the attribute that the step names."
        spare "Do not empty `admit.groups`: everybody of the customer would get in."
        unless "The person is in no group at all: then nothing is sent for them either.";
    GroupsTooMany = "groups_too_many": Provider One Idp
        title "The person is in so many groups that the identity provider leaves them out."
        test "Others with fewer groups get in."
        repair "Send only the groups that are assigned to the application."
        spare "Nobody else is affected."
        unless "The connection needs no groups.";
    ColleaguesAddress = "colleagues_address": Record One Idp
        title "The record at the customer names a colleague's email address: its owner is somebody else, and still signs in."
        test "The owner of the address signed in lately. An address that was handed on has an owner who comes no more."
        repair "In the person's record, correct the email address; it is a colleague's. Nothing is to be changed in the school."
        spare "The colleague's account. Freeing the address would give it to the wrong person."
        unless "Never free the address while its owner signs in.";
    AddressRecycled = "address_recycled": Record One OnCall
        title "The address was handed on to a new person; its previous owner has not signed in for weeks."
        test "The owner's last login is long ago, and their administrator says that they left. If the owner still comes, the record is wrong instead."
        repair "Let their administrator confirm that the previous owner left. The school's administrator changes the old account's address. Then: `stoa person free-address --connection {id} --email ADDRESS --reason \"the previous owner left; confirmed by their administrator\"`."
        spare "The previous owner's course records, which stay with their account."
        unless "The previous owner is on leave and comes back, or nobody has confirmed that they left.";
    SubjectsChanged = "subjects_changed": Provider All Idp
        title "Everybody has a new subject: the identity provider names its people otherwise since one moment."
        test "Several known people fail like this since one moment, each with their own address. One alone has a wrong record or a recycled address."
        repair "Send the same subject as before (the attribute that the connection's `subject.from` names); say what was changed on your side and when. If that cannot be: send the previous value as well, in an attribute that people cannot edit. It then goes into the connection's file as `subject.previous` until a date, and each person's next login moves them."
        spare "Everybody's accounts: free no addresses, or each person gets an empty account instead of their own."
        unless "The customer can neither go back nor send both: then people are moved with a list of old and new subjects, not one by one.";
    ClaimUnderWay = "claim_under_way": Record One Person
        title "Another login claimed the address and has not ended; the claim lapses within a minute."
        test "The directory has the claim with its end. An owner's address has none."
        repair "Wait a minute and start again."
        spare "Nothing else is affected."
        unless "It repeats after a minute.";
    ProviderRefusesPerson = "provider_refuses_person": Provider One Idp
        title "The identity provider itself refused the person: not assigned, blocked, or a rule of its own."
        test "Others get in. Its own log says which rule; stoa is only told that it refused."
        repair "Assign the person to the application, or see in your sign-in log which policy refused them."
        spare "Nobody else is affected."
        unless "They are not to have access.";
    ProviderRefusesRequest = "provider_refuses_request": Provider All Idp
        title "The identity provider does not take our request: the application, its redirect address or its scopes are not as there."
        test "Everybody fails since one moment. If one person fails, it is a rule about them."
        repair "See whether the application is still there and enabled, and compare its client id, redirect address and scopes with our guide. It is printed by `stoa connection guide {id}`."
        spare "Other applications there."
        unless "Our own settings changed at that moment: then undo that.";
    ProviderSilent = "provider_silent": Provider All Idp
        title "Nobody comes back from the identity provider: it shows people an error of its own, or is down."
        test "Nobody has come back since the first, while people used to. If others come back, this person closed the window."
        repair "Open our link yourself and read what your identity provider shows; its log has the reason. Is the application still enabled, and does it know our entity id or client id?"
        spare "Nothing is to be changed here until the identity provider's own message is known."
        unless "It is night or a holiday there: few logins prove nothing.";
    PersonLeft = "person_left": Browser One Person
        title "This person did not come back from the identity provider: they closed the window, or could not sign in there."
        test "Others came back since."
        repair "Try again from the course link. If their company shows an error, its help desk reads it."
        spare "Nothing else is affected."
        unless "More people report the same.";
    OurTokenRefused = "client_secret_expired": Provider All Idp
        title "The provider no longer takes our client secret: it expired or was replaced there."
        test "The stored secret has not changed here, and everybody fails since one moment."
        repair "Make a new client secret for the application and send it to us by a safe way. It is stored with `stoa secret put {secret} < FILE`."
        spare "Let the old secret live until the new one works."
        unless "A new secret was stored here shortly before: then that is the wrong one.";
    CodeRefused = "code_refused": Provider One Person
        title "The provider did not take the code: it was used before, is too old, or belongs to another login."
        test "Others get in, and a new login works. If everybody fails, the redirect address or the client differs."
        repair "Start again from the course link."
        spare "Nothing else is affected."
        unless "Everybody fails: then compare the application with our guide.";
    TokenEndpointDown = "token_endpoint_down": Provider All Idp
        title "The provider's token endpoint does not answer, or answers with an error."
        test "It does not answer from here now either. If it does, it was for a moment."
        repair "See why the token endpoint fails; it must be reachable from the internet, not only from your network."
        spare "Nothing is to be changed here."
        unless "It answers again.";
    TokenEndpointMoved = "token_endpoint_moved": Provider All OnCall
        title "The provider's token endpoint has moved: its discovery document names another address than the connection has."
        test "The discovery document differs from what is stored. If it does not, the endpoint is down."
        repair "Apply the connection's file again, which reads the discovery document: `stoa connection apply FILE`. Compare the new addresses with their administrator first."
        spare "Client secret and keys go to the new address: it must be theirs."
        unless "Their administrator knows nothing of a move.";
    TokenStrange = "token_strange": Provider Either Idp
        title "The provider's answer is not what the protocol says: a page, half an answer, or a token that does not hold together."
        test "If others get in, it was one node or one moment; if nobody does, something stands before the endpoint."
        repair "See what answers at your token and userinfo endpoints: a maintenance page, a firewall, a new release?"
        spare "Nothing is to be loosened here."
        unless "It happened once.";
    UserInfoDown = "userinfo_down": Provider All Idp
        title "The provider's userinfo endpoint does not answer, or refuses the token that it has just issued."
        test "The token endpoint answers, and only what the ID token lacks is missing."
        repair "See why userinfo fails, or put email and names into the ID token."
        spare "Nothing is to be changed here."
        unless "It answers again.";
    SignInTooWeak = "sign_in_too_weak": Provider Either Idp
        title "The person's sign-in at the identity provider is older or weaker than the connection asks for."
        test "The step names what was asked and what came. If everybody fails, the identity provider ignores the request."
        repair "Let the application ask for a fresh sign-in, or for the class that the step names."
        spare "Do not lower what the connection asks for without the customer's word."
        unless "The demand was added here by mistake.";
    EmailUnproven = "email_unproven": Record One Idp
        title "The provider does not say that the email address is proven to be the person's."
        test "Others get in. If nobody does, the provider never says it."
        repair "Verify the address in the person's record."
        spare "Do not accept unproven addresses: whoever types a colleague's would get their account."
        unless "The product never says it, and the customer alone makes its accounts (`docs/connections.md`).";

    // At the school.
    SchoolKeyRenewed = "school_key_renewed": School All SchoolAdmin
        title "The school's API key was renewed in Thinkific, and stoa still has the old one."
        test "Thinkific refuses the stored key now, and the stored key is as old as ever. It would answer without JSON if something stood between."
        repair "Read the key in Thinkific (*Settings*, *Code & analytics*, *API*) and send it by a safe way. It is stored with `stoa secret put {secret} < FILE`."
        spare "The same key signs the people in: from the renewal on nobody gets in, so be quick."
        unless "The key was renewed because it leaked: then never go back to the old one.";
    SchoolBlocked = "school_blocked": School All SchoolAdmin
        title "Something between stoa and the school answers in its place: a firewall, a bot check, a maintenance page."
        test "Without a key Thinkific answers 401 with JSON. Here something else came."
        repair "Ask Thinkific's support what stands before the Admin API and since when, with the time of the login."
        spare "The API key: it is not known to be wrong, so do not replace it."
        unless "Thinkific's own JSON comes back now.";
    SchoolPlan = "school_plan": School Either SchoolAdmin
        title "The school's plan does not include the API or single sign-on any more."
        test "Thinkific says so in its answer, or refuses a key that is surely right."
        repair "See in Thinkific's billing whether the plan changed; API and single sign-on need Plus."
        spare "Do not replace the key."
        unless "The plan was ended on purpose.";
    SchoolDown = "school_down": School All SchoolAdmin
        title "Thinkific fails or does not answer."
        test "It fails from here now as well, for every connection of the school. Its status page says more."
        repair "Wait; people can try again. If it lasts, ask Thinkific's support with the times."
        spare "Nothing is to be changed here."
        unless "It answers now: then it was for a moment.";
    SchoolBusy = "school_busy": School Either Person
        title "Thinkific asks to slow down: the school's calls of the minute are spent, by stoa or by another integration."
        test "Our own minute was not spent. Whoever has to be asked about waits in a line, and is refused only where that is longer than four hours."
        repair "Leave the page of the line open, or come back in some hours. If it repeats, the school's administrator looks which other integration uses the key."
        spare "Nothing is to be changed here."
        unless "It goes on for an hour.";
    AccountAddressTaken = "account_address_taken": School One SchoolAdmin
        title "Thinkific has another account with this address, which the search did not find."
        test "The answer names the address as taken. A missing field is named by its own name."
        repair "Search for the address in Thinkific, deleted and archived accounts included, and change or remove that account's address."
        spare "The other account's course records."
        unless "The other account is the person's own from an earlier integration: then link it (`docs/runbook/persons.md`).";
    AccountField = "account_field": School Either SchoolAdmin
        title "The school demands a profile field that stoa does not send, or does not take a name."
        test "The answer names a field that is not the address. If new people all fail, the field is mandatory; if one does, it is that name."
        repair "Make the field optional in Thinkific (*Settings*, *Student profile*), or correct the name in the customer's record."
        spare "Fields that other integrations fill."
        unless "The school needs the field: then it must come from the customer.";
    AccountLimit = "account_limit": School All SchoolAdmin
        title "The school takes no new accounts: its plan is full, or creation is off."
        test "New people fail, known people get in, and the answer names no field."
        repair "See in Thinkific how many people the plan allows, and remove those who left or extend it."
        spare "People with an account get in as before."
        unless "The number of people is meant to be capped.";
    AccountEarlier = "account_earlier": School Either OnCall
        title "The account under the address is bound to the id that an earlier integration gave it."
        test "The account is older than the connection, and many people have the same. A colleague's account would be bound to an id of ours."
        repair "If the earlier ids are addresses or subjects, say so in the file (`account.earlier_external_id`) and apply it: `stoa connection apply FILE`. One person alone: see `docs/runbook/persons.md`, *Link a person*."
        spare "Bind nobody to an account that is not proven to be theirs."
        unless "Nobody has confirmed whose the account is.";
    AccountOther = "account_other": School One SchoolAdmin
        title "The account under the address is bound to another person."
        test "Only this person fails. The school's administrator sees whose course records the account has."
        repair "Look in Thinkific who uses the account with this address; if it was the previous holder of the address, change the account's address."
        spare "The other person's course records."
        unless "It is the person's own account from an earlier integration.";
    AccountRole = "account_role": School One SchoolAdmin
        title "The account at the school has a role, which nobody enters by single sign-on."
        test "Only people with a role fail. If the connection's file allowed the role before, a change took it away."
        repair "Take the role away from the account, or let the person sign in at the school itself."
        spare "An administrator's account is never opened to whoever states its address."
        unless "The customer's people are meant to have the role: then `account.allow_roles` names it.";
    AccountUnbound = "account_unbound": School Either SchoolAdmin
        title "There is an account under the address that nobody is bound to, and the connection takes none over."
        test "The file says `existing = \"refuse\"`. If it did not before, a change did it."
        repair "Confirm whose the account is; then on-call links it (`docs/runbook/persons.md`, *Link a person*)."
        spare "Whoever registered the account with that address."
        unless "Nobody has confirmed whose it is.";
    SchoolMoved = "school_moved": School All OnCall
        title "The school has moved to another address, and people arrive at the old one without being signed in."
        test "The school's address leads to another host now. If it does not, the person's complaint is about something in the school."
        repair "Confirm the new address with the school's administrator, set `base_url` in the school's file, and apply it: `stoa connection apply FILE`."
        spare "Every connection of the school leads there. Links to courses keep their paths."
        unless "It leads somewhere that the school's administrator does not know.";
    SchoolClock = "school_clock": School All SchoolAdmin
        title "The school's clock is wrong, so it takes our tokens for too old or too new."
        test "The clock that its answers carry is far from ours. A slow browser leaves the clock right."
        repair "Tell Thinkific's support that the clock of the school's host is off, with the time of a login."
        spare "Do not lengthen the tokens' life: whoever copies one could use it."
        unless "The clock has come right.";
    SlowBrowser = "slow_browser": Browser One Person
        title "The token was too old when it reached the school: the browser took more than a minute."
        test "Others get in, and the school's clock is right."
        repair "Try again; if it repeats, the person's network holds the redirect back."
        spare "Nothing else is affected."
        unless "Several people have it.";
    SchoolRefusesData = "school_refuses_data": School One SchoolAdmin
        title "The school refuses this person's data: address, name, or an account that another id is bound to."
        test "Others get in, and Thinkific's words name a field."
        repair "Open the person's account in Thinkific: are there two with the address, or is it bound to another external id?"
        spare "The person's course records."
        unless "Several people have it.";
    SchoolSsoOff = "school_sso_off": School All SchoolAdmin
        title "The school refuses every token without naming a field: single sign-on is off there, or the key that signs is not the school's."
        test "Everybody is sent back, while the Admin API takes the key. If it refuses the key too, the key is wrong."
        repair "See in Thinkific whether single sign-on is still on for the school; ask its support with the time of a login."
        spare "Do not replace the key while the Admin API takes it."
        unless "One person only: then it is their account.";
    PersonBarred = "person_barred": Record One Idp
        title "The person was deactivated, in the directory here."
        test "`stoa person show --connection {id} --email ADDRESS` shows since when and by whom."
        repair "Say whether the person is to have access. If so, on-call runs `stoa person reactivate --connection {id} --email ADDRESS --reason \"the customer confirmed\"`."
        spare "Whoever deactivated them had a reason: read it."
        unless "They left the company, or the customer has not confirmed.";
    PersonInactive = "person_inactive": Record One Idp
        title "The customer's directory says that the person is inactive."
        test "Their directory provisions people to us, and its last word about this person is that they may not come. The step says so; on-call's word would be `person_kept_out`."
        repair "Activate the person in your directory, or assign them to the application again; it is passed on at the next synchronization."
        spare "Nobody else is affected. Do not reactivate them here: the directory would take it back."
        unless "They left the company.";
    PersonKeptOut = "person_kept_out": Record One OnCall
        title "Somebody on call keeps the person out by command, whatever their directory says."
        test "The step says `kept out by hand`; a directory's own word would be `inactive in the directory`."
        repair "Ask whoever keeps them out, or the customer, whether it still holds. If not, lift it as `docs/runbook/faults/person_inactive.md` says."
        spare "Whoever was to be kept out: with the block, every address and id that they had counts again."
        unless "Nobody at the customer has confirmed that they may come in.";
    PersonNotKnown = "person_not_known": Record One Idp
        title "The directory does not know the person, and the connection lets in only people whom it knows."
        test "Known people get in. If the file let everybody in before, a change ended that."
        repair "Provision the person to us from your directory, or tell us that everybody may come."
        spare "Nobody else is affected."
        unless "They are not to have access.";
    ChangedTooOften = "changed_too_often": Record One Idp
        title "The person's address or account changed more often in a day than people do."
        test "The directory counts the changes. If an identity provider sends alternating addresses, they come from two records."
        repair "See which attribute of the person changes from login to login, and let it stay the same. It works again after midnight UTC."
        spare "Somebody may be trying addresses: look who else was refused."
        unless "The customer knows nothing of the changes: then treat it as an attack.";
    ReplacesForeign = "replaces_foreign": Record One SchoolAdmin
        title "The new address would replace one of a domain that the connection does not own."
        test "The person came through another connection before, or changed company."
        repair "Confirm with both customers that it is the same person; then on-call links them (`docs/runbook/persons.md`)."
        spare "The person's account at the previous customer."
        unless "Nobody has confirmed it.";

    // In a browser.
    CookiesLost = "cookies_lost": Browser One Person
        title "The browser does not send our cookies back: they are blocked, or too many logins were open."
        test "Others get in. If everybody in one company fails, a policy or a proxy there removes cookies."
        repair "Allow cookies for our address, close other tabs, and start again from the course link."
        spare "Nothing else is affected."
        unless "Many people of one company have it: then ask its help desk for what changed.";
    TookTooLong = "took_too_long": Browser One Person
        title "The login took longer than it may, or its link was opened again later."
        test "Others get in, and a new login works."
        repair "Start again from the course link."
        spare "Nothing else is affected."
        unless "It repeats at once.";
    UsedTwice = "used_twice": Browser One Person
        title "The same login was used twice: the back button, a reload, or a second tab."
        test "The same login got in before, or a new one works. A stranger's copy comes from another browser and without its cookie."
        repair "Start again from the course link."
        spare "Nothing else is affected."
        unless "The person did nothing of the kind: then somebody may have copied a message; look at the logins of that time.";
    OtherBrowser = "other_browser": Browser One Person
        title "The login went on in another browser or profile than it began in."
        test "The browser has no cookie of this login. Others get in."
        repair "Start and finish in the same browser; do not send the link on."
        spare "Nothing else is affected."
        unless "Several people report it after a mail with a link: then somebody may be sending prepared links.";
    WrongLink = "wrong_link": Browser Either Person
        title "The address that was opened is none of stoa's, or is not for this use."
        test "`stoa connection list` has the names of the connections; `stoa connection guide {id}` has the addresses."
        repair "Use the link from the guide; correct it where it was published."
        spare "Nothing else is affected."
        unless "The link is of another stack, or the connection was never applied to this one.";
    Framed = "framed": Browser Either Person
        title "The page was opened inside another page, where no sign-in works."
        test "It works in a tab of its own."
        repair "Open the link in a tab of its own; the page that frames it must not."
        spare "Nothing else is affected."
        unless "It is in Microsoft Teams: then the Teams app is needed.";
    TicketLost = "ticket_lost": Browser One Person
        title "The browser did not get from the response to the school: a closed window, a lost connection, or a page opened again later."
        test "Others get in, and a new login works. If everybody fails, something removes cookies or the seal was replaced."
        repair "Start again from the course link."
        spare "Nothing else is affected."
        unless "It repeats at once.";

    // What stoa cannot see.
    InTheSchool = "in_the_school": School One SchoolAdmin
        title "The person was handed over to the school and not sent back; what they met there cannot be seen from here."
        test "The school's administrator opens the person's account: when did they last sign in, and are they enrolled in the course?"
        repair "Look at the account's last sign-in and enrolments in Thinkific, and compare with the time of this login."
        spare "Nothing is to be changed here before that."
        unless "The last sign-in is at the time of this login: then the course, not the sign-in, is the matter.";
    UnderWay = "under_way": Browser Either Person
        title "Nothing is wrong so far: the login is under way."
        test "Ask again in a few minutes."
        repair "Wait, or start again from the course link."
        spare "Nothing else is affected."
        unless "The person says that they see an error: then ask what it says and where.";
    NotSeen = "not_seen": Browser Either Person
        title "No login that failed was found for this complaint; what stopped it is not seen from here."
        test "Ask the person for the reference on the page, or for a picture of it: whose page is it, ours, their company's or the school's?"
        repair "Try again from the course link, and tell us the reference on the page that you end at."
        spare "Nothing is to be changed before that."
        unless "They did give a reference: then `stoa trace REFERENCE`.";
    UnknownCode = "unknown_code": Ours Either OnCall
        title "The last step is a word that this command does not know."
        test "The functions' build is newer than the command."
        repair "Use the command of the same release as the stack."
        spare "Nothing is affected."
        unless "The two are of the same release: then the step was not stored, and the log has it (command above).";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_row_is_whole_and_has_a_name_of_its_own() {
        let mut codes = BTreeSet::new();
        for cause in Cause::ALL {
            let row = cause.row();
            assert!(codes.insert(row.code), "{}", row.code);
            for text in [row.title, row.test, row.repair, row.spare, row.unless] {
                assert!(text.len() > 10 && text.ends_with(['.', '?']), "{}: {text:?}", row.code);
                assert_eq!(text.matches('`').count() % 2, 0, "{}: {text:?}", row.code);
            }
        }
    }
}
