//! `stoa scim`: the bearer tokens of a customer's SCIM client.

use jiff::Timestamp;

use crate::arguments::{Scim, ScimToken, Target};
use crate::time::instant;
use crate::{CliError, Io};

pub(crate) async fn run(command: Scim, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let Scim::Token(command) = command;
    match command {
        ScimToken::Create { id, expires } => {
            let operator = target.change(io).await?;
            let (token, live) = operator.create_scim_token(&id, expires).await?;
            io.say(&format!("token {} of {id}; it {}", live.id, ends(live.expires)))?;
            io.say(token.expose())?;
            io.say("It is shown only now. Their administrator pastes it into their SCIM client.")
        }
        ScimToken::List { id } => {
            let operator = target.read(io)?.operator;
            let tokens = operator.scim_tokens(&id).await?;
            if tokens.is_empty() {
                return io.say(&format!("{id} has no tokens"));
            }
            for listed in tokens {
                let used =
                    listed.used.map_or_else(|| "never used".to_owned(), |at| format!("last used {}", instant(at)));
                let token = listed.token;
                let (made, ends) = (instant(token.created), ends(token.expires));
                io.say(&format!("token {}  made {made} by {}, {ends}, {used}", token.id, token.by))?;
            }
            Ok(())
        }
        ScimToken::Revoke { id, token } => {
            let operator = target.change(io).await?;
            operator.revoke_scim_token(&id, &token).await?;
            io.say(&format!("token {token} of {id}: revoked. Functions stop accepting it within 60 s."))
        }
    }
}

fn ends(expires: Option<i64>) -> String {
    match expires {
        Some(at) if at <= Timestamp::now().as_second() => format!("expired {}", instant(at)),
        Some(at) => format!("expires {}", instant(at)),
        None => "does not expire".to_owned(),
    }
}
