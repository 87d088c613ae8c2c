# Adding a language is adding one file: `{language}.ftl` with these messages. A test compares the files.
-language = English

title-fault = You are not signed in
title-continue = One more step
title-confirm = Is this you?
title-signed-out = You are signed out
title-test = The test login worked

label-reference = Reference
label-code = Code
label-build = Version
try-again = Try again
continue = Continue
back-to-school = Go to the school

actor-person = You can mend this yourself.
actor-idp-administrator = Your company's IT help desk can mend this. Please give them the reference and the code below.
actor-school-administrator = The administrator of your learning platform can mend this. Please give them the reference and the code below.
actor-on-call = We have been told and are looking into it. If you contact us, please give the reference below.

continue-text = Your sign-in continues in a moment. If nothing happens, press the button.
confirm-text = You came here from your company's portal. Continue as { $hint }?
signed-out-text = You can close this window.
test-text = Your identity provider and stoa agree. This login was a test and does not go on to the school.

fault-not-found = There is nothing at this address. Please start from the link that your company gave you.
fault-method-not-allowed = This address cannot be opened in this way. Please start from the link that your company gave you.
fault-form-malformed = The message from your company's sign-in page arrived incomplete.
fault-connection-unknown = This sign-in link does not exist. Please check it, or ask whoever gave it to you.
fault-connection-closed = Signing in by this link is switched off at the moment.
fault-framed = Signing in does not work inside another page. Please open the link in a new tab.
fault-cookies-blocked = Your browser does not keep our cookies, so we cannot tell that this sign-in is yours. Please allow cookies for this site, or use another browser.
fault-too-many-logins = Too many sign-ins were under way in this browser at once. Please close the other tabs and try again.
fault-login-expired = This sign-in took longer than half an hour, or began in another browser. Please try again.
fault-login-used = This sign-in has already been used. Please try again from the link that your company gave you.
fault-idp-initiated-off = Please start from the link of the learning platform, not from your company's portal.
fault-confirmation-foreign = The confirmation did not come from our own page. Please try again.
fault-saml-malformed = The answer of your company's sign-in page could not be read.
fault-saml-untrusted = The answer of your company's sign-in page could not be trusted.
fault-saml-protocol = The answer of your company's sign-in page was meant for another service.
fault-saml-time = The answer of your company's sign-in page has expired, or its clock is wrong.
fault-saml-idp-status = Your company's sign-in page did not let you in.
fault-saml-policy = The answer of your company's sign-in page does not meet the rules agreed for it.
fault-subject-missing = Your company's sign-in page did not say who you are.
fault-email-missing = Your company's sign-in page did not send your e-mail address.
fault-email-malformed = Your company's sign-in page sent an e-mail address that we cannot use.
fault-attribute-ambiguous = Your company's sign-in page sent several values where one is needed.
fault-email-domain-foreign = Your e-mail address does not belong to the company that this link is for.
fault-group-not-admitted = Your account is not among those that may use the learning platform.
fault-groups-overage = You belong to so many groups that your company's sign-in page left them out.
fault-ticket = This sign-in was interrupted, or continued in another browser. Please try again.
fault-person-deactivated = Your access to the learning platform has ended.
fault-person-unknown = You are not yet registered for the learning platform.
fault-account-conflict = An account of the learning platform already holds your e-mail address, and we cannot be sure that it is yours.
fault-email-change-limit = Your e-mail address has changed more than once today.
fault-school-refused = The learning platform refused to create or change your account.
fault-school-unavailable = The learning platform cannot be reached at the moment. Please try again in a few minutes.
fault-school-busy = The learning platform is very busy. Please try again in a minute.
fault-school-sent-back = The learning platform did not accept your sign-in.
fault-try-later = Signing in does not work at the moment. Please try again in a few minutes.
fault-internal = Something went wrong on our side.
